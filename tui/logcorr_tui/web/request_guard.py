"""Checks each request to the web server: its token, host and origin.

Every other program and every web page the user visits can reach a port of this machine; the app reads any file the
user can. So each request brings the token, in its address or in the cookie that the first page sets.
"""

import hmac
import secrets

from aiohttp import web
from aiohttp.typedefs import Handler

HOST = "127.0.0.1"
_HEADERS = {
    # Nothing from outside; the terminal puts its own styles on the page.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class RequestGuard:
    """The token of one server on one port, and the checks of requests."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self._token = token or secrets.token_urlsafe(32)
        # Cookies know no ports: two servers at a time must not overwrite each other's.
        self._cookie = f"logcorr-{port}"
        # A name that an attacker's DNS points here is in the Host header as the attacker wrote the name.
        self._hosts = {f"{name}{suffix}" for name in (HOST, "localhost") for suffix in _suffixes(port)}
        self.address = f"http://{HOST}:{port}/?token={self._token}"

    def install(self, app: web.Application) -> None:
        """Checks every request to the app, and adds the security headers to every answer."""
        app.middlewares.append(self._check)
        app.on_response_prepare.append(_add_headers)

    def welcome(self, response: web.StreamResponse) -> None:
        """Gives the page the cookie that lets its other requests in."""
        response.set_cookie(self._cookie, self._token, httponly=True, samesite="Strict", path="/")

    def refusal(self, request: web.Request) -> str | None:
        """Why a request is refused, if it is."""
        host = request.headers.get("Host", "")
        if host not in self._hosts:
            return "this server answers to 127.0.0.1 and localhost only."
        if not any(map(self._fits, (request.query.get("token", ""), request.cookies.get(self._cookie, "")))):
            return "open the whole address that logcorr-tui --web printed, with its token."
        origin = request.headers.get("Origin")
        upgrade = "Upgrade" in request.headers
        if (upgrade or origin is not None) and origin != f"http://{host}":
            return "this connection comes from the page of another server."
        return None

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf8", "replace"), self._token.encode())

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        reason = self.refusal(request)
        return await handler(request) if reason is None else web.Response(status=403, text=f"403: {reason}\n")


def _suffixes(port: int) -> tuple[str, ...]:
    """The forms in which a browser writes the port. A browser leaves port 80 out."""
    return (f":{port}", "") if port == 80 else (f":{port}",)


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
