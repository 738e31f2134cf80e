"""The charts of the overview, and the canvas that they are drawn on."""
