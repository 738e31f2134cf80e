"""Text for people: makes log text harmless, and reads and writes quantities and instants."""
