"""Benchmarks of logcorr against what people use instead: whole processes, the same data, the same counts."""
