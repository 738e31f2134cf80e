"""Plain second implementations, and tests that hold logcorr equal to them."""
