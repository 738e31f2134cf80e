"""`logcorr-tui --web`: serves the app to browsers of this machine until Ctrl+C. One process for each tab."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from aiohttp import WSCloseCode, web
from aiohttp.http_exceptions import HttpProcessingError
from textual_serve.download_manager import DOWNLOAD_CHUNK_SIZE, Download
from textual_serve.server import Server, to_int

from logcorr.model.errors import OutputError
from logcorr_tui.web.request_guard import HOST, RequestGuard
from logcorr_tui.web.tab_process import PATIENCE_S, TabProcess

_PAGE = Path(__file__).parent / "page"
_CHUNK_S = 60.0


def serve(words: Sequence[str], port: int = 0) -> None:
    """Prints the address and serves until Ctrl+C; port 0 is any free one.

    `words` is the app's command line. Raises OutputError where the port cannot be had.
    """
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        message = (
            f"port {port} of {HOST} cannot be had: {error.strerror}. Name another by --port, or none for a free one."
        )
        raise OutputError(message) from error
    with listener:
        taken = listener.getsockname()[1]
        guard = RequestGuard(taken)
        sys.stdout.write(guard.address + "\n")
        sys.stdout.flush()
        if sys.stderr.isatty():
            sys.stderr.write("Open this address in a browser of this machine. Ctrl+C ends it.\n")
        # A connection that speaks no HTTP is refused without a message.
        logging.getLogger("aiohttp.server").addFilter(_is_no_bad_request)
        app = WebServer(words, taken, guard).application()
        web.run_app(app, sock=listener, print=None, access_log=None, shutdown_timeout=2 * PATIENCE_S)


def _is_no_bad_request(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


class WebServer(Server):
    """textual-serve's server with a guard, a page that needs no other server, and downloads that are whole or fail."""

    def __init__(self, words: Sequence[str], port: int, guard: RequestGuard) -> None:
        super().__init__("", host=HOST, port=port, title="logcorr")
        self._words, self._guard = list(words), guard
        self._sockets: set[web.WebSocketResponse] = set()
        self._begun: set[str] = set()

    def application(self) -> web.Application:
        """The web application. Every request goes by the guard."""
        app = web.Application()
        self._guard.install(app)
        app.add_routes(
            [
                web.get("/", self.handle_page, allow_head=False),
                web.get("/ws", self.handle_websocket, allow_head=False),
                web.get("/download/{key}", self.handle_download, allow_head=False),
                web.static("/static", self.statics_path),
                web.static("/page", _PAGE),
            ]
        )
        app.on_shutdown.append(self.on_shutdown)
        return app

    async def on_shutdown(self, _app: web.Application) -> None:
        """Closes all connections. Each connection then ends its app."""
        goodbyes = (socket.close(code=WSCloseCode.GOING_AWAY) for socket in list(self._sockets))
        await asyncio.gather(*goodbyes, return_exceptions=True)

    async def handle_page(self, _request: web.Request) -> web.StreamResponse:
        """The page, with the cookie for the requests of the page."""
        response = web.FileResponse(_PAGE / "page.html")
        self._guard.welcome(response)
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """One tab: starts an app, and ends it when the tab is gone."""
        socket = web.WebSocketResponse(heartbeat=15)
        await socket.prepare(request)
        session = TabProcess(
            self._words,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=socket.close,
            download_manager=self.download_manager,
        )
        self._sockets.add(socket)
        try:
            await session.start(to_int(request.query.get("width", ""), 80), to_int(request.query.get("height", ""), 24))
            await self._process_messages(socket, session)
        finally:
            self._sockets.discard(socket)
            await session.stop()
        return socket

    async def handle_download(self, request: web.Request) -> web.StreamResponse:
        """One file, once, chunk by chunk from the app that has it."""
        key = request.match_info["key"]
        try:
            download = await self.download_manager.get_download_metadata(key)
        except KeyError:
            raise web.HTTPNotFound from None
        if key in self._begun:
            raise web.HTTPNotFound
        self._begun.add(key)
        response = web.StreamResponse()
        response.content_type = download.mime_type or "application/octet-stream"
        name = quote(download.file_name, safe="", errors="replace")
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
        whole = False
        try:
            # A browser that leaves is no error.
            with contextlib.suppress(ConnectionError):
                await response.prepare(request)
                whole = await self._send(download, response)
        finally:
            self.download_manager._active_downloads.pop(key, None)  # noqa: SLF001 - done or failed, it is over
            self._begun.discard(key)
            if not whole:
                await download.app_service.send_meta({"type": "deliver_cancel", "key": key})
                # Without the closing chunk the browser knows that the file is not whole.
                if request.transport is not None:
                    request.transport.abort()
        return response

    async def _send(self, download: Download, response: web.StreamResponse) -> bool:
        """Sends what the app gives. Whether the file was sent whole."""
        ask: dict[str, str | int | bool | None] = {
            "type": "deliver_chunk_request",
            "key": download.delivery_key,
            "size": DOWNLOAD_CHUNK_SIZE,
            "name": download.name,
        }
        while await download.app_service.send_meta(ask):
            try:
                async with asyncio.timeout(_CHUNK_S):
                    chunk = await download.incoming_chunks.get()
            except TimeoutError:
                return False
            if chunk is None:  # the app ended first
                return False
            if not chunk:
                await response.write_eof()
                return True
            await response.write(chunk)
        return False
