"""The formats of log lines: a line becomes an entry, or has a reason why it is malformed."""
