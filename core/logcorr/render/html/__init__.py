"""The HTML report: one page that holds all it shows, and loads nothing."""
