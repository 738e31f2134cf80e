"""All that is fuzzed, by name."""

from tests.fuzz import accesses, filters, pairs, settings, timestamps

TARGETS = {
    target.name: target
    for target in (pairs.TARGET, timestamps.TARGET, filters.TARGET, accesses.TARGET, settings.TARGET)
}  # fmt: skip
