"""Generates test logs, together with the report that a correct run must give: the truth."""
