"""Files that the user names to chunks of lines, and those to entries."""
