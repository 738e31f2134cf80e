"""Writes the table of the ids of all keys into settings.md, between its two marks. Part of `make docs`."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from textual.binding import Binding
from textual.dom import DOMNode

import logcorr_tui

PAGE = Path(__file__).parent / "settings.md"
START, END = "<!-- ids: written by make docs -->\n", "<!-- end of ids -->\n"
# Modules that need what is not always installed, and have no keys.
_WITHOUT_KEYS = ("logcorr_tui.web", "logcorr_tui.__main__")


def _bindings() -> Iterator[Binding]:
    for module in pkgutil.walk_packages(logcorr_tui.__path__, "logcorr_tui."):
        if not module.name.startswith(_WITHOUT_KEYS):
            importlib.import_module(module.name)
    seen: set[str] = set()
    pending: list[type[DOMNode]] = [DOMNode]
    while pending:
        found = pending.pop()
        pending += found.__subclasses__()
        if found.__module__.startswith("logcorr_tui."):
            for binding in found.__dict__.get("BINDINGS", ()):
                if isinstance(binding, Binding) and binding.id and binding.id not in seen:
                    seen.add(binding.id)
                    yield binding


def table() -> str:
    """The ids of all keys in order, with the keys that they have, and what the keys do."""
    rows = sorted((found.id or "", found.key, found.tooltip or found.description) for found in _bindings())
    lines = (f"| `{name}` | `{keys.replace(',', ', ')}` | {tip.replace('|', '')} |\n" for name, keys, tip in rows)
    return "| id | keys | what they do |\n|---|---|---|\n" + "".join(lines)


def page() -> str:
    """The page with the table as it should be."""
    text = PAGE.read_text(encoding="utf8")
    before, rest = text.split(START)
    return before + START + "\n" + table() + "\n" + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf8")
    sys.stdout.write(f"wrote {PAGE.name}\n")
