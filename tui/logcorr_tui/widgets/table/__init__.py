"""The table of any number of rows, and what stands around it."""
