"""Test logs whose truth is known."""
