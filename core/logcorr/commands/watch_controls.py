"""What a program asks of `logcorr watch` while it goes on, a line each: another window, or lines of logs.

    window 30s
    lines PLACE...

The answer to `lines` is an object of JSON on standard output: where the lines of these places stand, and their text.
"""

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING

import msgspec

from logcorr.commands.options import positive
from logcorr.commands.stdout_and_stderr import put_json, say
from logcorr.model.errors import UsageError
from logcorr.text import quantities

if TYPE_CHECKING:
    from logcorr.jobs.watch import Watch

    Asked = SimpleQueue[Callable[[Watch], object]]


def obey(descriptor: int, asked: "Asked", cancel: threading.Event) -> None:
    """Starts a thread that reads a descriptor and puts into `asked` what is to be done. Its end sets `cancel`."""
    threading.Thread(target=_read, args=(descriptor, asked, cancel), name="controls", daemon=True).start()


def _read(descriptor: int, asked: "Asked", cancel: threading.Event) -> None:
    with os.fdopen(descriptor, encoding="utf8", errors="replace", closefd=descriptor != 0) as stream:
        for line in stream:
            try:
                asked.put(_told(line.strip()))
            except UsageError as error:
                say(f"note: {error}")
    cancel.set()


def _told(line: str) -> "Callable[[Watch], object]":
    word, _, rest = line.partition(" ")
    if word == "window":
        window_us = positive("--window", quantities.duration_us(rest))
        return lambda watched: watched.show_window(window_us)
    places = rest.split()
    if word == "lines" and places and all(place.isascii() and place.isdecimal() for place in places):
        return lambda watched: _put_lines(watched, [int(place) for place in places])
    message = f"{line[:60]!r} is neither 'window TIME' nor 'lines PLACE...'."
    raise UsageError(message)


def _put_lines(watched: "Watch", places: list[int]) -> None:
    try:
        lines = [watched.logs.line(place) for place in places]
    except LookupError:
        say(f"note: no line was read with the places {places}.")
        return
    put_json(msgspec.json.encode({"kind": "lines", "places": places, "lines": lines}).decode())
