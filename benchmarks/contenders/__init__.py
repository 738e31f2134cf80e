"""What runs against logcorr: each file here is one rival, as someone who knows it well would write it."""
