"""Pairs the request and response logs of a service and accounts for every line."""

__version__ = "0.1.0"
