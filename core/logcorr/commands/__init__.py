"""The commands of `logcorr`, a file each, and what several of them share. Only `logcorr.cli` imports them."""
