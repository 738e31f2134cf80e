"""Columns, disk and threads: what every floor above computes with. Nothing here knows what a log is."""
