"""A pseudo terminal that an app runs in: it obeys only the sequences that Textual needs, and notes all others.

Every cell is known, so that it can be told whether what was drawn stands where it should.
"""

import codecs
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path

from tests.support.helpers import PATIENCE_S, looks

_QUIET_S = 0.02
_LOOK_S = 0.01
_TAIL_BYTES = 20_000
# Cursor to a place; colours; what modes Textual sets, resets and asks for; keys of kitty;
# the pointer's shape; the colour of the background; and what Textual copies.
_GRAMMAR = re.compile(
    r"\x1b\[(?P<row>\d+);(?P<column>\d+)H|\x1b\[(?P<home>)H"
    r"|\x1b\[[0-9;]*m"
    r"|\x1b\[\?(?:7|25|1000|1002|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl]"
    r"|\x1b\[\?(?:2026|2048)\$p|\x1b\[>\d+u|\x1b\[<u|\x1b\[c"
    r"|\x1b\]22;[a-z-]+\x07|\x1b\]11;\?\x1b\\"
    r"|\x1b\]52;c;(?P<clip>[A-Za-z0-9+/=]*)\x07"
)
_STARTED = re.compile(r"\x1b(?:\[[0-9;?>$<]*|\][^\x07\x1b]*\x1b?)?\Z")


class Terminal:
    """Runs a command with `rows` and `columns`, reads all it writes, and keeps the screen."""

    def __init__(self, command: Sequence[str], here: Path, env: Mapping[str, str], columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.faults: list[str] = []
        self.clips: list[str] = []
        # While its size changes, what the app has drawn for the one before it may be beyond the edge.
        self.settled = True
        self._cells = [[" "] * columns for _ in range(rows)]
        self._at = [0, 0]
        self._rest = ""
        self._tail = b""
        # Bytes that are no UTF-8 become surrogates, which are faults like any other.
        self._decoder = codecs.getincrementaldecoder("utf8")("surrogateescape")
        self._lock = threading.Lock()
        self._pressed = 0.0
        self._last = time.monotonic()
        self._ours, theirs = pty.openpty()
        self._tell_size()
        try:
            self.process = subprocess.Popen(
                command, cwd=here, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
            )
        finally:
            os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def resize(self, columns: int, rows: int) -> None:
        """Makes it larger or smaller; the app draws all of it anew, and whoever has seen that sets `settled`."""
        with self._lock:
            self.settled = False
            self.columns, self.rows = columns, rows
            self._cells = [[" "] * columns for _ in range(rows)]
            self._at = [0, 0]
        self._pressed = time.monotonic()
        self._tell_size()
        self.process.send_signal(signal.SIGWINCH)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(5)
        os.close(self._ours)

    def ended(self) -> int:
        """The exit code, once the app has ended and all it wrote is read."""
        for _ in looks(_LOOK_S):
            if (code := self.process.poll()) is not None:
                self._reader.join(PATIENCE_S)
                return code
            time.sleep(_LOOK_S)
        shown = self.lines()
        raise AssertionError("\n".join(["the app does not end:", *shown, self._stacks()]))

    def keys(self, *keys: str) -> None:
        """Presses keys, each as the terminal sends it; what is waited for after them is written after them."""
        self._pressed = time.monotonic()
        self.press(*keys)

    def press(self, *keys: str) -> None:
        """Presses keys that may change nothing."""
        os.write(self._ours, "".join(keys).encode())

    def written_since(self, start: float) -> bool:
        """Whether something was written since then, and no more for a moment."""
        return start < self._last < time.monotonic() - _QUIET_S

    def lines(self) -> list[str]:
        """The screen, a text for each row; the second half of a wide character is an empty cell."""
        with self._lock:
            return ["".join(row) for row in self._cells]

    def grid(self) -> list[list[str]]:
        """The screen, cell by cell."""
        with self._lock:
            return [list(row) for row in self._cells]

    def until(
        self, *words: str, without: Sequence[str] = (), right: Callable[[list[list[str]]], list[str]] | None = None
    ) -> str:
        """Waits until nothing is written for a moment, and the screen shows all the words and nothing is not right."""
        looked_at = 0.0
        shown, wrong = "", [""]
        # Looks are counted, not seconds: a machine that stands still for a while has not kept anybody waiting.
        for look in count():
            last = self._last
            if last != looked_at and last > self._pressed and time.monotonic() - last > _QUIET_S:
                looked_at = last
                shown, wrong = "\n".join(self.lines()), right(self.grid()) if right else []
                if not wrong and all(word in shown for word in words) and not any(word in shown for word in without):
                    return shown
            if look * _LOOK_S > PATIENCE_S or self.process.poll() is not None:
                ended, now = self.process.poll(), "\n".join(self.lines())
                told = f"ended with {ended}; {wrong}; last looked at:\n{shown}\nlast shown:\n{now}\n{self._stacks()}"
                raise AssertionError(f"{words} did not come; {told}")
            time.sleep(_LOOK_S)
        raise AssertionError

    def _stacks(self) -> str:
        """What the app wrote last, and, with PYTHONFAULTHANDLER, where each of its threads stood; it ends the app."""
        self.process.send_signal(signal.SIGABRT)
        self._reader.join(PATIENCE_S)
        return self._tail.decode(errors="replace")

    def _tell_size(self) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows, self.columns, 0, 0))

    def _read(self) -> None:
        while True:
            try:
                block = os.read(self._ours, 1 << 16)
            except OSError:  # Linux's way to say that the other end is closed
                return
            if not block:
                return
            with self._lock:
                self._last = time.monotonic()
                self._tail = (self._tail + block)[-_TAIL_BYTES:]
                self._take(block)

    def _take(self, raw: bytes) -> None:
        """Draws what is whole, and keeps the start of a sequence."""
        text = self._rest + self._decoder.decode(raw)
        self._rest = found[0] if (found := _STARTED.search(text)) else ""
        text = text.removesuffix(self._rest)
        place = 0
        for found in _GRAMMAR.finditer(text):
            self._draw(text[place : found.start()])
            place = found.end()
            if found["row"] is not None:
                self._at = [int(found["row"]) - 1, int(found["column"]) - 1]
            elif found["home"] is not None:
                self._at = [0, 0]
            elif found["clip"] is not None:
                self.clips.append(found["clip"])
        self._draw(text[place:])

    def _draw(self, text: str) -> None:
        for char in text:
            row, column = self._at
            if char == "\n":
                self._at[0] += 1
            elif char == "\r":
                self._at[1] = 0
            elif (wide := width(char)) is None:
                self.faults.append(f"U+{ord(char):04X} at {row},{column} in {text[:120]!r}")
            elif not wide:
                self._cells[row][max(column - 1, 0)] += char
            elif column + wide > self.columns or row >= self.rows:
                if self.settled:
                    self.faults.append(f"{char!r} beyond the edge at {row},{column} in {text[:120]!r}")
            else:
                self._cells[row][column : column + wide] = [char, ""][:wide]
                self._at[1] += wide


@cache
def width(char: str) -> int | None:
    """The cells that a terminal gives a character; None where it has no business there."""
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return None
    if unicodedata.category(char)[0] == "M" or "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def broken_boxes(grid: list[list[str]]) -> list[str]:
    """What is wrong with the boxes of a screen: sides that do not stand under their corners.

    Where a box covers half a text, a mark of the covered letter may stand on its side; the side is where it should be.
    """
    grid = [[cell[:1] for cell in row] for row in grid]
    found = []
    for top, row in enumerate(grid):
        for left, cell in enumerate(row):
            if cell != "╭":
                continue
            right = next((n for n in range(left + 1, len(row)) if row[n] == "╮"), None)
            if right is None:
                found.append(f"a box without a corner in {''.join(row)!r}")
                continue
            for below in grid[top + 1 :]:
                if below[left] == "╰":
                    if below[right] != "╯":
                        found.append(f"a corner is not at {right} in {''.join(below)!r}")
                    break
                sides = [below[left] == "│", below[right] == "│"]
                if not any(sides):  # it goes on where one has yet to scroll to
                    break
                if not all(sides):
                    found.append(f"sides are not at {left} and {right} in {''.join(below)!r}")
    return found
