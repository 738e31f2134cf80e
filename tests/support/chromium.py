"""Headless Chromium over its own DevTools protocol: a page, its keys and pointer, pictures, requests, downloads."""

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar, cast

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
_CODES = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35}


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
        """What an expression comes to in the page; of a promise, what it comes to in the end."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
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
        text = {"text": "\r"} if key == "Enter" else {"text": key} if len(key) == 1 else {}
        await self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    async def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drags the pointer with its left button from a point of the page to another."""
        for kind, (x, y) in (("Moved", start), ("Pressed", start), ("Moved", end), ("Released", end)):
            how = {"button": "left", "buttons": int(kind != "Released"), "clickCount": int(kind != "Moved")}
            await self.call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, **how)

    async def picture(self, scale: float = 1) -> bytes:
        """The whole page as PNG, at a scale."""
        size = (await self.call("Page.getLayoutMetrics"))["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": scale}
        taken = await self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(taken["data"])

    async def look(self, width: int, height: int, *, theme: str = "light", media: str = "screen") -> None:
        """Makes the page as wide and high as on another device, in a theme, on a screen or on paper."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        features = [{"name": "prefers-color-scheme", "value": theme}]
        await self.call("Emulation.setEmulatedMedia", media=media, features=features)


_P = TypeVar("_P", bound=Page)


@contextlib.asynccontextmanager
async def browser(
    binary: str, folder: Path, kind: Callable[[aiohttp.ClientWebSocketResponse], _P]
) -> AsyncIterator[_P]:
    """A Chromium of its own with its profile in the folder, and a page of a kind; gone at the end."""
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
            page = kind(socket)
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
