"""Work outside of the UI thread: threads, child processes, files."""
