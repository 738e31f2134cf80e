"""The options of a run in words, for people."""

from typing import Any

from logcorr.text.quantities import round_duration, size


def option_words(name: str, value: Any) -> list[tuple[str, str]]:
    """An option as name and value for people. One that holds others is told as those of them that were given."""
    if isinstance(value, dict):
        given = {str(key): inner for key, inner in value.items() if inner not in (None, [], "")}
        return [told for key, inner in given.items() for told in option_words(key, inner)]
    plain = name.removesuffix("_us").removesuffix("_bytes")
    if isinstance(value, int) and not isinstance(value, bool) and plain != name:
        shown = size(value) if name.endswith("_bytes") else round_duration(value / 1000) if value else "0"
    elif isinstance(value, list):
        shown = ", ".join(map(str, value)) or "none"
    else:
        shown = "not given" if value is None else "yes" if value is True else "no" if value is False else str(value)
    return [(plain, shown)]
