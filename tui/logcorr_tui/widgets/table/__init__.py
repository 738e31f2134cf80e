"""The table of any number of rows, with its head, filter chips and prompt."""
