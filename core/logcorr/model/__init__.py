"""Structs that more than one floor uses: options, ledger, errors, events and reports. Also what counts as a failure."""
