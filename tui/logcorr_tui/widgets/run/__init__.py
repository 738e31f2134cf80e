"""What the Run screen draws."""
