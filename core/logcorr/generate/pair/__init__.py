"""Request and response logs whose truth is known."""
