"""The commands of `logcorr`, a file for each, and what several commands share. Only `logcorr.cli` imports them."""
