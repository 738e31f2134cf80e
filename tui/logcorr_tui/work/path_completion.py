"""Completion of a typed path: the entries of its folder that start with the typed name."""

import asyncio
import os
from pathlib import Path

from textual.suggester import Suggester

from logcorr.text.safe import safe

_MOST_LOOKED_AT = 5000


def candidates(typed: str, limit: int = 20) -> list[str]:
    """The paths that a typed path can become. Folders have a slash. Hidden entries need a typed dot."""
    folder, start = os.path.split(typed)
    found = []
    try:
        with os.scandir(Path(folder or ".").expanduser()) as entries:
            for number, entry in enumerate(entries):
                if number >= _MOST_LOOKED_AT:
                    break
                if entry.name.startswith(start) and (start.startswith(".") or not entry.name.startswith(".")):
                    found.append(os.path.join(folder, entry.name) + ("/" if entry.is_dir() else ""))  # noqa: PTH118
    except (OSError, ValueError):
        return []
    return sorted(found)[:limit]


class PathSuggester(Suggester):
    """Suggests the first entry that fits; the right arrow takes it."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first candidate. A thread looks for it, because a folder may be on a slow disk."""
        if not value:
            return None
        found = await asyncio.to_thread(candidates, value, 1)
        # A name that is not safe to show is not offered.
        return found[0] if found and safe(found[0], len(found[0])) == found[0] else None
