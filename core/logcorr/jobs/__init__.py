"""Jobs: each makes one run, from checking its inputs to publishing it."""
