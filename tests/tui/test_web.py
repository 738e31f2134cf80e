"""The app in a browser: who gets in, what becomes of the processes, downloads, and a real page in Chromium."""

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from logcorr_tui import main as command
from tests.support.helpers import ROOT, SAMPLE, big_logs, generated, looks

pytest.importorskip("textual_serve", reason="logcorr[web] is not installed")
aiohttp = pytest.importorskip("aiohttp")

from tests.support import chromium  # noqa: E402 - it needs aiohttp
from tests.tui.terminal_page import TerminalPage  # noqa: E402 - likewise

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes as Linux shows them")
LOGS = (str(SAMPLE / "requests.log"), str(SAMPLE / "responses.log"))
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?<>]*[ -/]*[@-~]|\][^\x07]*\x07|.)")
_UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


class Served:
    """A running `logcorr-tui --web` and its address."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.address = process.stdout.readline().strip()
        parts = urlsplit(self.address)
        self.token = parts.query.removeprefix("token=")
        self.port = parts.port or 0
        self.origin = f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """One bare request, with these headers and no others but the Host."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": f"127.0.0.1:{self.port}", **headers}.items():
            if value:
                connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        if answer.status != 101:
            answer.read()
        connection.close()
        return answer

    def apps(self) -> list[int]:
        """The processes of its tabs."""
        return children(self.process.pid)


def children(pid: int) -> list[int]:
    """The processes that this one started and that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text(encoding="utf8", errors="replace").rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == str(pid) and state != "Z":
            found.append(int(path.parent.name))
    return found


def until(condition: Callable[[], Any]) -> Any:
    """Waits until something holds."""
    for _ in looks(0.05):
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError("nothing happened")


async def soon(condition: Callable[[], Any]) -> Any:
    """The same beside other tasks."""
    return await asyncio.to_thread(until, condition)


@contextmanager
def serving(here: Path, *words: str) -> Iterator[Served]:
    """Serves the app; at the end the server and every app of it are gone."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "core"), str(ROOT / "tui")])}
    environment |= {f"XDG_{name}_HOME": str(here / name.lower()) for name in ("CACHE", "STATE", "CONFIG")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "logcorr_tui", "--web", *words],
        cwd=here,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf8",
    )
    with process:
        try:
            yield Served(process)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                out, err = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    assert "Traceback" not in out + err, out + err


class Tab:
    """What the page does, without a browser: one websocket to an app."""

    def __init__(self, served: Served, client: Any, wire: Any) -> None:
        self.served, self.client, self.wire = served, client, wire
        self.drawn = ""
        self.keys: list[str] = []

    async def listen(self) -> None:
        async for message in self.wire:
            if message.type == aiohttp.WSMsgType.BINARY:
                self.drawn += _ESCAPES.sub("", message.data.decode("utf8", "replace"))
            else:
                kind, value = json.loads(message.data)
                if kind == "deliver_file_start":
                    self.keys.append(value)

    async def press(self, keys: str) -> None:
        """Types; forgets what was drawn before."""
        self.drawn = ""
        for key in keys:
            await self.wire.send_json(["stdin", key])

    async def until_drawn(self, *parts: str) -> None:
        for _ in looks(0.05):
            if all(part in self.drawn for part in parts):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(self.drawn[-3000:])

    async def export(self, name: str) -> str:
        """Exports what is on screen by this name; the address of the download."""
        await self.press("e")
        await self.until_drawn("downloads under a name")
        await self.type(name)
        await soon(lambda: self.keys)
        return f"{self.served.origin}/download/{self.keys.pop()}"

    async def type(self, name: str) -> None:
        """Replaces the name and presses Enter."""
        await self.press("\x15")  # Ctrl+U empties the field; Textual takes such keys later than letters
        await asyncio.sleep(0.3)
        await self.press(name + "\r")


@asynccontextmanager
async def tab(served: Served) -> AsyncIterator[Tab]:
    """Opens the printed address and then the websocket, by the cookie alone."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as client:
        async with client.get(served.address) as page:
            assert page.status == 200
        async with client.ws_connect(f"{served.origin}/ws?width=120&height=36", origin=served.origin) as wire:
            opened = Tab(served, client, wire)
            listener = asyncio.create_task(opened.listen())
            yield opened
            await wire.close()
            await listener


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that nobody opens a tab of."""
    with serving(tmp_path_factory.mktemp("served")) as found:
        yield found


# Who gets in


@pytest.mark.parametrize(
    "path", ["/", "/static/js/textual.js", "/page/page.js", "/ws", "/download/abc", "/static/", "/nowhere"]
)
def test_nothing_is_given_without_the_token(served: Served, path: str) -> None:
    upgrade = {**_UPGRADE, "Origin": served.origin} if path == "/ws" else {}
    short = served.token[:-1]
    assert served.get(path, **upgrade).status == 403
    assert served.get(f"{path}?token={short}", **upgrade).status == 403
    assert served.get(f"{path}?token=%FF%00%C3%A9", **upgrade).status == 403
    assert served.get(path, Cookie=f"logcorr-{served.port}={short}", **upgrade).status == 403
    assert served.get(path, Cookie=f"token={served.token}", **upgrade).status == 403
    if path not in {"/ws", "/static/"}:
        assert served.get(f"{path}?token={served.token}").status in {200, 404}


def test_the_first_page_brings_the_cookie_for_the_rest(served: Served) -> None:
    answer = served.get(f"/?token={served.token}")
    assert answer.status == 200
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    pair = cookie.partition(";")[0]
    for path in ("/", "/page/page.css", "/static/css/xterm.css"):
        assert served.get(path, Cookie=pair).status == 200
    assert served.get("/download/abc", Cookie=pair).status == 404
    assert served.get("/static/../server.py", Cookie=pair).status in {403, 404}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost", ""])
def test_other_names_of_this_machine_are_refused(served: Served, host: str) -> None:
    assert served.get(f"/?token={served.token}", Host=host.format(port=served.port)).status in {400, 403}
    assert served.get(f"/?token={served.token}", Host=f"localhost:{served.port}").status == 200


@pytest.mark.parametrize(
    "origin", ["", "null", "http://evil.example", "http://127.0.0.1:1", "https://127.0.0.1:{port}"]
)
def test_pages_of_other_servers_open_no_app(served: Served, origin: str) -> None:
    headers = {**_UPGRADE, "Origin": origin.format(port=served.port)}
    assert served.get(f"/ws?token={served.token}", **headers).status == 403
    assert not served.apps()


def test_the_page_may_load_nothing_from_outside(served: Served) -> None:
    headers = served.get(f"/?token={served.token}").headers
    rules = dict(rule.split(maxsplit=1) for rule in headers["Content-Security-Policy"].split("; "))
    assert rules.pop("default-src") == "'none'"
    assert not [value for value in rules.values() if re.search(r"http|\*|(?<!-src )//", value)]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    for path in (ROOT / "tui/logcorr_tui/web/page").iterdir():
        assert "https:" not in path.read_text(encoding="utf8")
        assert "http:" not in path.read_text(encoding="utf8")


# The command


def test_the_address_is_one_line_and_of_this_machine_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bound: list[tuple[str, int]] = []
    monkeypatch.setattr("aiohttp.web.run_app", lambda _app, **words: bound.append(words["sock"].getsockname()))
    assert command.main(["--web"]) == 0
    assert command.main(["--web"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [host for host, _ in bound] == ["127.0.0.1", "127.0.0.1"]
    assert len(lines) == 2
    tokens = set()
    for line, (_, port) in zip(lines, bound, strict=True):
        match = re.fullmatch(rf"http://127\.0\.0\.1:{port}/\?token=([\w-]{{43}})", line)
        assert match is not None
        tokens.add(match[1])
    assert len(tokens) == 2


def test_a_taken_port_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert command.main(["--web", f"--port={port}"]) == 3
    told = capsys.readouterr()
    assert f"port {port}" in told.err
    assert "--port" in told.err
    assert told.out == ""


@pytest.mark.parametrize("words", [("--web", "--port", "65536"), ("--web", "--port=x"), ("--web", "--port=-1")])
def test_what_is_no_port_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    assert ended.value.code == 2


def test_wrong_words_are_told_before_anything_is_served(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--port=0"]) == 2
    assert command.main(["--web", "no-such.log", LOGS[1]]) == 2
    told = capsys.readouterr()
    assert "--port goes with --web" in told.err
    assert "no-such.log" in told.err
    assert told.out == ""


@pytest.mark.parametrize("name", ["textual_serve", "aiohttp"])
def test_without_the_extra_it_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in [name, *sys.modules]:
        if module.partition(".")[0] == name:
            monkeypatch.setitem(sys.modules, module, None)
        elif module.startswith(("logcorr_tui.web", "textual_serve")):
            monkeypatch.delitem(sys.modules, module)
    assert command.main(["--web"]) == 2
    told = capsys.readouterr()
    assert name in told.err
    assert "pip install 'logcorr[web]'" in told.err


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ((), []),
        (("--web", "a", "--port", "8000", "b"), ["a", "b"]),
        (("--port=8000", "--memory", "1GB", "--web", "run"), ["--memory", "1GB", "run"]),
        (("--web", "--requests=--web", "--responses=--port=1"), ["--requests=--web", "--responses=--port=1"]),
        (("--web", "--", "--web", "--port"), ["--", "--web", "--port"]),
    ],
)
def test_the_app_gets_all_words_but_those_about_serving(words: tuple[str, ...], kept: list[str]) -> None:
    assert command._for_the_app(words) == kept


# The apps


def test_a_tab_runs_an_app_and_downloads_what_it_exports(tmp_path: Path) -> None:
    """Under names that a shell would take for commands."""
    odd = tmp_path / "a 'b\" $(touch made); touch made & é"
    odd.mkdir()
    paths = [odd / "requests.log", odd / "responses.log"]
    for path, log in zip(paths, LOGS, strict=True):
        path.write_bytes(Path(log).read_bytes())

    async def body(served: Served) -> None:
        async with tab(served) as opened:
            await opened.until_drawn("Latency distribution")
            await opened.press("4")
            await opened.until_drawn("all rows")
            await opened.press("e")
            await opened.until_drawn("downloads under a name")
            for name, told in (("/x.json", "without folders"), ("x.txt", "none of .json")):
                await opened.type(name)
                await opened.until_drawn(told)
            await opened.press("\x1b")
            await opened.until_drawn("lost", "Detail")
            address = await opened.export("mine & 'é\".json")
            async with opened.client.get(address) as answer:
                assert answer.status == 200
                assert answer.content_disposition.type == "attachment"
                assert answer.content_disposition.filename == "mine & 'é\".json"
                assert len(await answer.json()) == 9
            await opened.until_drawn("downloaded as mine")
            async with opened.client.get(address) as again:
                assert again.status == 404
            (app,) = served.apps()
            assert not open_deleted(app)
            await opened.press("q")
            await soon(lambda: opened.wire.closed)
            await soon(lambda: not served.apps())

    with serving(tmp_path, *map(str, paths), "--store", str(odd)) as served:
        asyncio.run(body(served))
    assert not list(tmp_path.rglob("made*"))
    assert not list(odd.glob(".*"))


def open_deleted(pid: int) -> list[str]:
    """The files that a process holds open though they have no name any more."""
    links = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()]  # noqa: PTH115
    return [link for link in links if link.endswith("(deleted)")]


def test_a_download_is_whole_or_fails(tmp_path: Path) -> None:
    # More than the buffers between app and browser hold, so that a download can end amid it.
    logs = tmp_path / "pair"
    generated(logs, 120_000, encoding_errors=False)

    async def body(served: Served) -> None:
        async with tab(served) as opened:
            await opened.until_drawn("Latency distribution")
            (app,) = served.apps()
            address = await opened.export("a.csv")
            async with opened.client.get(address) as answer:
                whole = await answer.read()
            await opened.until_drawn("downloaded as")
            await opened.until_drawn("Latency distribution")

            # The browser ends it: the app lets go of the file, and says so.
            address = await opened.export("b.json")
            answer = await opened.client.get(address)
            assert await answer.content.read(1 << 16)
            assert open_deleted(app)
            answer.close()
            await opened.until_drawn("ended by the browser")
            assert not open_deleted(app)

            # The app ends first: what has come is not taken for the whole.
            await opened.press("\r")
            await soon(lambda: opened.keys)
            answer = await opened.client.get(f"{served.origin}/download/{opened.keys.pop()}")
            assert await answer.content.read(1 << 16)
            await opened.wire.close()
            with pytest.raises(aiohttp.ClientError):
                await answer.read()
            answer.close()
        assert whole.startswith(b"request_id,")
        assert whole.endswith(b"\n")
        assert whole.count(b"\n") > 100_000

    with serving(tmp_path, *(str(logs / name) for name in ("requests.log", "responses.log"))) as served:
        asyncio.run(body(served))


@pytest.mark.parametrize("end", ["the tab closes", "interrupt", "kill"])
def test_no_process_is_left(end: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    logs = big_logs(tmp_path_factory)
    store = tmp_path / "runs"

    async def body(served: Served) -> None:
        async with tab(served) as opened, tab(served):
            apps = await soon(lambda: len(served.apps()) == 2 and served.apps())
            started = await asyncio.gather(*(soon(partial(children, app)) for app in apps))
            if end == "interrupt":
                served.process.send_signal(signal.SIGINT)
                await soon(lambda: served.process.poll() is not None)
                assert served.process.returncode == 0
            elif end == "kill":
                served.process.kill()
            else:
                await opened.wire.close()
                await soon(lambda: len(served.apps()) == 1)
                other = apps.index(served.apps()[0])
                del apps[other], started[other]
            doomed = [*apps, *(pid for pids in started for pid in pids)]
            await soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in doomed))

    with serving(tmp_path, str(logs / "requests.log"), str(logs / "responses.log"), "--store", str(store)) as served:
        asyncio.run(body(served))
    until(lambda: not list(store.glob(".work-*")))


def test_an_app_that_cannot_start_says_why_in_the_tab(tmp_path: Path) -> None:
    log = tmp_path / "requests.log"
    log.write_bytes(Path(LOGS[0]).read_bytes())

    async def body(served: Served) -> None:
        log.unlink()
        async with tab(served) as opened:
            await soon(lambda: opened.wire.closed)
            assert "requests.log" in opened.drawn

    with serving(tmp_path, str(log), LOGS[1]) as served:
        asyncio.run(body(served))


# A real page


@pytest.mark.skipif(chromium.found() is None, reason="Chromium is not there")
def test_in_chromium(tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()

    async def body(served: Served) -> None:
        async with chromium.browser(str(chromium.found()), tmp_path, TerminalPage) as page:
            await page.open(served.address, downloads)
            await page.until_shown("Latency distribution", "complete")
            assert await page.value("location.href") == f"{served.origin}/"
            assert await page.value("document.title") == "requests.log + responses.log · logcorr"
            assert await page.value("document.fonts.check('16px \"Roboto Mono\"')")
            assert await page.value("document.cookie") == ""
            await page.press("4")
            await page.until_shown("in flight")
            await page.press("e")
            await page.until_shown("orphans.json")
            await page.press("Enter")
            await page.until_shown("downloaded as orphans.json")
            await soon((downloads / "orphans.json").exists)
            await page.until_shown("Detail", without="Export orphans")
            await page.press("q")
            await page.until("document.body.classList.contains('-closed')")
            await soon(lambda: not served.apps())
            asked = [e["params"]["request"]["url"] for e in page.events if e["method"] == "Network.requestWillBeSent"]
            assert asked
            assert all(url.startswith((served.origin, "data:")) for url in asked)
            told = [e["params"]["entry"]["text"] for e in page.events if e["method"] == "Log.entryAdded"]
            assert not [text for text in told if "WebGL" not in text]
            assert not [e for e in page.events if e["method"] == "Runtime.exceptionThrown"]

    with serving(tmp_path, *LOGS) as served:
        asyncio.run(body(served))
    assert len(json.loads((downloads / "orphans.json").read_bytes())) == 9
