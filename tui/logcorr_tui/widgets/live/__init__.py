"""Widgets of logs that are followed."""
