"""Access logs whose truth is known."""
