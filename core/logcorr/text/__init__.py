"""Words for people, both ways: log text made harmless, quantities and instants read and written."""
