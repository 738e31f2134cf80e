"""Pictures taken in a test against those that are kept: which lines of the screen differ, in text or only in looks.

LOGCORR_REGEN=1 keeps the new ones; `make snapshots` does that for all of them.
"""

import os
import re
from html import unescape
from itertools import zip_longest
from pathlib import Path

KEPT = Path(__file__).parent / "snapshots"
_MOST_LINES = 40


class Album:
    """The pictures of one test at one size in one theme; the names of their files begin and end alike."""

    def __init__(self, topic: str, ending: str, new: Path) -> None:
        self._topic, self._ending, self._new = topic, ending, new
        self._taken: dict[str, str] = {}

    def add(self, name: str, picture: str) -> None:
        """Adds a picture."""
        self._taken[f"{self._topic}-{name}-{self._ending}.svg"] = picture

    def check(self) -> None:
        """Fails with all that differs, or keeps the pictures where that is asked for."""
        if os.environ.get("LOGCORR_REGEN") == "1":
            KEPT.mkdir(exist_ok=True)
            for name, picture in self._taken.items():
                (KEPT / name).write_bytes(picture.encode())
            return
        found = [problem for name, picture in self._taken.items() if (problem := self._compare(name, picture))]
        kept = {path.name for path in KEPT.glob(f"{self._topic}-*-{self._ending}.svg")}
        found += [f"{name}: is kept, but no longer taken" for name in sorted(kept - self._taken.keys())]
        if found:
            hint = f"The new pictures are in {self._new}. If they are as they should be: make snapshots"
            raise AssertionError("\n\n".join(["screens differ", *found, hint]))

    def _compare(self, name: str, picture: str) -> str:
        path = KEPT / name
        before = path.read_bytes().decode() if path.exists() else ""
        if before == picture:
            return ""
        (self._new / name).write_bytes(picture.encode())
        return f"{name}: {difference(before, picture)}" if before else f"{name}: there is none yet"


def difference(before: str, after: str) -> str:
    """Which lines of the screen are others, first by their text."""
    pairs = enumerate(zip_longest(_text(before), _text(after), fillvalue=""), 1)
    told = [f"  {n:>3} - {old}\n      + {new}" for n, (old, new) in pairs if old != new]
    if told:
        more = [f"  and {len(told) - _MOST_LINES} more"] if len(told) > _MOST_LINES else []
        return "\n".join([f"{len(told)} lines of text differ", *told[:_MOST_LINES], *more])
    rows = enumerate(zip_longest(_rows(before), _rows(after)), 1)
    looks = [str(n) for n, (old, new) in rows if old != new]
    return f"the text is the same, but not the looks of line {', '.join(looks)}" if looks else "drawn in another way"


def _text(picture: str) -> list[str]:
    return unescape(picture.partition("<desc>\n")[2].partition("\n</desc>")[0]).split("\n")


def _rows(picture: str) -> list[str]:
    return re.findall(r"^<g .*</g>$", picture, re.MULTILINE)
