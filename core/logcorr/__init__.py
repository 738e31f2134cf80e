"""Pairs the request and response logs of a service and accounts for every line."""

import os

# numpy's library for matrices starts threads that look for work for some time, and there is none.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
