"""Lets a child of asyncio go that has not ended yet: its pipes are closed here, and it ends by itself.

asyncio would kill it with its pipes, or leave them open until they are looked for as garbage.
"""

import asyncio
from typing import Any

# The processes themselves: as garbage, each would be complained of.
_alone: list[object] = []


class _LetGo:
    """Stands for a process that was let go: asyncio takes it for ended, and may note its exit code."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int:
        """An exit code, as if it had ended."""
        return 0


def let_go(process: asyncio.subprocess.Process) -> None:
    """Closes all pipes to a child. One that has not ended is neither killed nor waited for."""
    transport: Any = process._transport  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio has no other way
    if process.returncode is None:
        _alone.append(transport._proc)  # noqa: SLF001
        transport._proc = _LetGo(process.pid)  # noqa: SLF001
    transport.close()
