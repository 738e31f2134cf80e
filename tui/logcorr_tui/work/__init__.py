"""What takes its time: threads, child processes, files."""
