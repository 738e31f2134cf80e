"""The terminal interface of logcorr. It drives the core; the core never knows about it."""
