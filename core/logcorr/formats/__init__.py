"""A line of a log to an entry, or to the reason why it is none."""
