"""Generates request and response logs, together with their truth."""
