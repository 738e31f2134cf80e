"""The look: colours, and how text, times and status codes are written."""
