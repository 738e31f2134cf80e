"""What the app knows: the open run, its figures, the places to go, settings, and the messages that ask for changes."""
