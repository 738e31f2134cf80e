"""Fuzzing against the plain oracles: `python -m tests.fuzz` (or `make fuzz`) makes up nasty inputs until time is up.

What differs or crashes is made as small as it goes and kept in `tests/corpus`, which the test suite replays.
"""
