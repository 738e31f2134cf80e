"""Entries of both sides to exchanges, orphans and repeated entries."""
