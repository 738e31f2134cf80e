"""Run folders: how a finished run is kept, found, exported and removed."""
