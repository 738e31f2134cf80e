"""Notices that the terminal has hung up: its window was closed, or its connection was lost."""

import os
import select
import sys

LOOK_EVERY_S = 1.0


def terminal_is_gone() -> bool:
    """Whether the terminal of stdin has hung up. False where this cannot be told, or where stdin is no terminal."""
    poll = getattr(select, "poll", None)
    try:
        keys = sys.__stdin__.fileno() if sys.__stdin__ is not None else -1
        if poll is None or keys < 0:
            return False
        watcher = poll()
        watcher.register(keys, select.POLLHUP)
        return any(event & (select.POLLHUP | select.POLLNVAL) for _, event in watcher.poll(0)) and not os.isatty(keys)
    except (OSError, ValueError):
        return False
