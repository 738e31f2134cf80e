"""Generates access logs, together with their truth."""
