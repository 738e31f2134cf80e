"""A page in Chromium that holds a terminal: what the terminal shows, as xterm.js lets it be selected."""

import asyncio
import time

from tests.support.chromium import PATIENCE_S, Page

_SHIFT = 8
_EDGES = "(box => box && [box.left, box.top, box.right, box.bottom])"
_EDGES += "(document.querySelector('.xterm-screen')?.getBoundingClientRect())"


class TerminalPage(Page):
    """One tab with a terminal in it."""

    async def shown(self) -> str:
        """What stands in the terminal: Shift and the mouse select in xterm.js, whatever the app does with the mouse."""
        edges = await self.value(_EDGES)
        if edges is None:
            return ""
        left, top, right, bottom = edges
        end = (right - 1, bottom - 1)
        for kind, (x, y) in (("Pressed", (left + 1, top + 1)), ("Moved", end), ("Released", end)):
            how = {"button": "left", "buttons": 1, "clickCount": 1, "modifiers": _SHIFT}
            await self.call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, **how)
        return str(await self.value("document.querySelector('.xterm-helper-textarea').value"))

    async def until_shown(self, *parts: str, without: str = "\0") -> str:
        """Waits until the terminal shows every part, and no more what it is to be without."""
        end = time.monotonic() + PATIENCE_S
        while True:
            text = await self.shown()
            if all(part in text for part in parts) and without not in text:
                return text
            assert time.monotonic() < end, text
            await asyncio.sleep(0.2)
