"""The widgets: hand-drawn panels and windowed tables."""
