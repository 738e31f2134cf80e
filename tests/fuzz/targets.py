"""All that is fuzzed, by name."""

from tests.fuzz import (
    accesses,
    catalogue,
    filters,
    formats,
    heads,
    pairs,
    patterns,
    profiles,
    readings,
    settings,
    timestamps,
)

_MODULES = (pairs, timestamps, filters, accesses, settings, readings, formats, catalogue, profiles, patterns, heads)
TARGETS = {module.TARGET.name: module.TARGET for module in _MODULES}
