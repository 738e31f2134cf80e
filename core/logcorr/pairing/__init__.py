"""Pairing: entries of both sides become exchanges, orphans and repeated entries."""
