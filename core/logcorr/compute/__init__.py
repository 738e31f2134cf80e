"""Computing with columns, disk, memory and threads, for every floor above. Nothing here knows what a log is."""
