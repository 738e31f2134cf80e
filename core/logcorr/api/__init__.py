"""The Python API: what `import logcorr` offers, and what the commands share with it."""
