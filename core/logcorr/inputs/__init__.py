"""Files that the user names become chunks of whole lines. Chunks of lines become entries."""
