"""All that is fuzzed, by name."""

from tests.fuzz import accesses, pairs, settings, stamps, terms

TARGETS = {
    target.name: target
    for target in (pairs.TARGET, stamps.TARGET, terms.TARGET, accesses.TARGET, settings.TARGET)
}  # fmt: skip
