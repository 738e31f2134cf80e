"""A part of the tests with other versions of all dependencies and of Python: `make test-matrix`."""
