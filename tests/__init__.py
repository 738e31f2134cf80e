"""The tests of logcorr; helpers that several of them share are importable as `tests.<name>`."""
