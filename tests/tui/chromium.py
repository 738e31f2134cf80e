"""Headless Chromium over its own DevTools protocol: a page, its keys, what its terminal shows, its requests, downloads."""

import asyncio
import contextlib
import itertools
import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import aiohttp

PATIENCE_S = 60.0
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--window-size=1280,800",
)
_SHIFT = 8
_CODES = {"Enter": 13, "Escape": 27}
_EDGES = "(box => box && [box.left, box.top, box.right, box.bottom])"
_EDGES += "(document.querySelector('.xterm-screen')?.getBoundingClientRect())"


def found() -> str | None:
    """Where Chromium is, if it is."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Page:
    """One tab. `events` is what Chromium told of it: console, log, requests, downloads."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._session: str | None = None
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.events: list[dict[str, Any]] = []

    async def listen(self) -> None:
        """Takes all that Chromium tells, until it is gone."""
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif not told["method"].startswith("Network.webSocketFrame"):
                self.events.append(told)

    async def call(self, method: str, **words: Any) -> dict[str, Any]:
        """One command of the protocol and its answer."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        session = {"sessionId": self._session} if self._session else {}
        await self._socket.send_json({"id": number, "method": method, "params": words, **session})
        told = await asyncio.wait_for(answer, PATIENCE_S)
        assert "error" not in told, (method, told)
        return cast("dict[str, Any]", told["result"])

    async def open(self, address: str, downloads: Path) -> None:
        """Opens the address in a new tab; what it downloads goes into the folder."""
        place = {"behavior": "allow", "downloadPath": str(downloads), "eventsEnabled": True}
        await self.call("Browser.setDownloadBehavior", **place)
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        self._session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=address)

    async def value(self, script: str) -> Any:
        """What an expression comes to in the page."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, script: str) -> None:
        """Waits until an expression is true in the page."""
        end = time.monotonic() + PATIENCE_S
        while not await self.value(script):
            assert time.monotonic() < end, script
            await asyncio.sleep(0.1)

    async def press(self, key: str) -> None:
        """Presses a key by its name, or a character."""
        code = _CODES.get(key, ord(key[0].upper()))
        text = {"Enter": {"text": "\r"}, "Escape": {}}.get(key, {"text": key})
        await self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

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


@contextlib.asynccontextmanager
async def browser(binary: str, folder: Path) -> AsyncIterator[Page]:
    """A Chromium of its own with its profile in the folder; gone at the end."""
    profile = folder / "profile"
    process = await asyncio.create_subprocess_exec(
        binary,
        *_FLAGS,
        f"--user-data-dir={profile}",
        "about:blank",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = profile / "DevToolsActivePort"
        end = time.monotonic() + PATIENCE_S
        while not (port.exists() and len(port.read_text(encoding="utf8").split()) == 2):
            assert process.returncode is None, "Chromium ended"
            assert time.monotonic() < end, "Chromium does not start"
            await asyncio.sleep(0.05)
        number, path = port.read_text(encoding="utf8").split()
        address = f"ws://127.0.0.1:{number}{path}"
        async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=0) as socket:
            page = Page(socket)
            listener = asyncio.create_task(page.listen())
            yield page
            listener.cancel()
    finally:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE_S)
        except TimeoutError:
            process.kill()
            await process.wait()
