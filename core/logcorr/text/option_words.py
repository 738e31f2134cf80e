"""The options of a run in words, for people: an option with its value, and a line of those that were asked for."""

from collections.abc import Mapping
from typing import Any

from logcorr.text.quantities import round_duration, size

# Told of every run, or of its logs rather than by the user.
_NOT_ASKED = ("formats", "pairing", "duration")


def asked_for(options: Mapping[str, Any], usual: Mapping[str, Any]) -> str:
    """The options of a run that are not as usual, in a line: `window 5m, since 15:05`. `usual` are the defaults."""
    given = {name: value for name, value in options.items() if name not in _NOT_ASKED and value != usual.get(name)}
    words = []
    for name, value in given.items():
        inner = usual.get(name)
        own = {key: one for key, one in value.items() if one != inner.get(key)} if isinstance(inner, dict) else value
        for option, told in option_words(name, own):
            words.append(option.replace("_", " ") + ("" if told == "yes" else f" {told}"))
    return ", ".join(words)


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
