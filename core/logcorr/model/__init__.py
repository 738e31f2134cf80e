"""The structs that cross floors: options, ledger, errors, events, reports; and what a failure is."""
