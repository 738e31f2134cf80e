"""Follows logs that grow: what is appended to files becomes whole lines, whatever becomes of the files meanwhile."""
