"""HTML reports in a real Chromium: nothing is loaded, nothing hostile runs, charts zoom, tables sort, pictures are alike."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from logcorr.render.html.page import run_html
from logcorr.runs.run_folder import RunFolder
from tests.support import hostile
from tests.support.helpers import succeed
from tests.support.html_pages import PAYLOADS, faults
from tests.tui import fixed_run
from tests.unit.render.html.test_page import ACCESS_REPORTS, REPORTS, written

pytest.importorskip("aiohttp", reason="logcorr[web] is not installed, and tests speak to Chromium by aiohttp")

from tests.support import chromium, small_pictures

pytestmark = pytest.mark.skipif(chromium.found() is None, reason="Chromium is not there")
GOLDEN = Path(__file__).parents[1] / "golden" / "html"
_SCALE = 1 / 40
_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 100, null))))"
# The width of a hundred letters of DejaVu Sans Mono, in the size that a page has on a phone.
_WIDTH = "(c => { c.font = '14px ' + getComputedStyle(document.body).fontFamily; return c.measureText('M'.repeat(100)).width; })"
_WIDTH += "(document.createElement('canvas').getContext('2d'))"
_GOLDEN_WIDTH = 843
_READY = "document.readyState === 'complete'"
Body = Callable[[chromium.Page], Awaitable[None]]


def in_chromium(folder: Path, body: Body, *, harmless: bool = True) -> None:
    """Runs `body` with a page of a Chromium of its own. A harmless page tells of no error, and asks only for itself."""

    async def whole() -> None:
        async with chromium.browser(str(chromium.found()), folder, chromium.Page) as page:
            await body(page)
            if harmless:
                check_harmless(page)

    asyncio.run(whole())


def events(page: chromium.Page, method: str) -> list[dict[str, Any]]:
    """What Chromium told of one kind."""
    return [event for event in page.events if event["method"] == method]


def check_harmless(page: chromium.Page) -> None:
    """No error, no dialog, and no request but for the page itself."""
    methods = {event["method"] for event in page.events}
    assert not methods & {"Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening"}
    asked = {event["params"]["request"]["url"] for event in events(page, "Network.requestWillBeSent")}
    assert asked
    assert all(url.startswith("file:///") and url.endswith(".html") for url in asked), asked


async def opened(page: chromium.Page, html: Path, width: int = 1280, height: int = 900, **look: str) -> None:
    """Opens a page, as wide and high as told, in a new tab."""
    page._session = None
    await page.open(html.as_uri(), html.parent)
    await page.look(width, height, **look)
    await page.until(f"{_READY} && innerWidth === {width}")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of runs that are the same on every machine."""
    folder = tmp_path_factory.mktemp("pages")
    fixed_run.make(folder)
    fixed_run.make_access(folder)
    made = {}
    with chdir(folder):
        for name, run in (("pair", fixed_run.RUN), ("access", fixed_run.ACCESS_RUN)):
            made[name] = folder / f"{name}.html"
            made[name].write_bytes(run_html(RunFolder(run)))
    return made


async def middle(page: chromium.Page, chosen: str, share: float = 0.5) -> tuple[float, float]:
    """A point of an element that is in view: at a share of its width, in the middle of its height."""
    await page.value(f"document.querySelector({chosen!r}).scrollIntoView({{block: 'center', behavior: 'instant'}})")
    await page.value(_FRAMES)
    box = await page.value(
        f"(({{left, top, width, height}}) => [left, top, width, height])"
        f"(document.querySelector({chosen!r}).getBoundingClientRect())"
    )
    left, top, width, height = box
    return left + width * share, top + height / 2


async def shown_range(page: chromium.Page, chart: str) -> tuple[float, float]:
    """The range of x that a chart shows."""
    low, high = await page.value(f"(s => [s.min, s.max])(document.getElementById({chart!r}).plot.scales.x)")
    return low, high


def test_charts_zoom_and_are_read_by_pointer_and_keyboard(pages: dict[str, Path], tmp_path: Path) -> None:
    async def body(page: chromium.Page) -> None:
        await opened(page, pages["pair"])
        charts = await page.value("[...document.querySelectorAll('.drawn')].map(chart => chart.id)")
        assert charts == ["latency", "flow", "percentiles", "heat", "orphans-over-time"]
        whole = await shown_range(page, "flow")
        # A drag zooms all charts over time, and no other.
        latency = await shown_range(page, "latency")
        await page.drag(await middle(page, "#flow .u-over", 0.25), await middle(page, "#flow .u-over", 0.5))
        zoomed = await shown_range(page, "flow")
        width = whole[1] - whole[0]
        assert zoomed[0] == pytest.approx(whole[0] + width / 4, abs=width / 50)
        assert zoomed[1] == pytest.approx(whole[0] + width / 2, abs=width / 50)
        for chart in ("percentiles", "heat", "orphans-over-time"):
            assert await shown_range(page, chart) == pytest.approx(zoomed)
        assert await shown_range(page, "latency") == latency
        # The pointer reads.
        x, y = await middle(page, "#flow .u-over")
        await page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        await page.until("/21 Nov .* requests, .* failed/.test(document.querySelector('#flow .read').textContent)")
        assert "p99" in await page.value("document.querySelector('#percentiles .read').textContent")
        # So do keys, and they zoom and move.
        await page.value("document.querySelector('#flow .live').focus()")
        await page.press("0")
        assert await shown_range(page, "heat") == pytest.approx(whole)
        await page.press("Home")
        first = await page.value("document.getElementById('told').textContent")
        await page.press("ArrowRight")
        second = await page.value("document.getElementById('told').textContent")
        assert first != second
        assert first.startswith("21 Nov 14:00")
        await page.press("+")
        assert (await shown_range(page, "flow"))[1] < whole[1]
        await page.press("End")
        low, high = await shown_range(page, "flow")
        assert high == pytest.approx(whole[1])
        assert low > whole[0]
        await page.press("-")
        assert await shown_range(page, "flow") == pytest.approx(whole)
        # Buttons do the same, for fingers.
        await page.value("document.querySelector('#latency .tools button').click()")
        closer = await shown_range(page, "latency")
        assert closer[1] - closer[0] < latency[1] - latency[0]
        await page.value("document.querySelector('#latency .tools button:last-child').click()")
        assert await shown_range(page, "latency") == pytest.approx(latency)
        # Each point of the heat map is told with its band.
        x, y = await middle(page, "#heat .u-over")
        await page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        await page.until("/ to .*: [0-9,]+ requests/.test(document.querySelector('#heat .read').textContent)")

    in_chromium(tmp_path, body)


_COLUMN = "[...document.querySelectorAll('#slowest tbody tr')].map(row => row.cells[{}].dataset.v ?? row.cells[{}].textContent)"


def test_tables_are_sorted_and_searched(pages: dict[str, Path], tmp_path: Path) -> None:
    async def column(page: chromium.Page, number: int) -> list[Any]:
        return list(await page.value(_COLUMN.format(number, number)))

    async def body(page: chromium.Page) -> None:
        await opened(page, pages["pair"])
        took = [int(value) for value in await column(page, 0)]
        assert len(took) == 1000
        assert took == sorted(took, reverse=True)
        head = "document.querySelector('#slowest thead').rows[0].cells[{}]"
        await page.value(head.format(0) + ".querySelector('button').click()")
        await page.value(head.format(0) + ".querySelector('button').click()")
        assert await page.value(head.format(0) + ".ariaSort") == "ascending"
        assert [int(value) for value in await column(page, 0)] == sorted(took)
        ids = await column(page, 2)
        await page.value(head.format(2) + ".querySelector('button').click()")
        assert await column(page, 2) == sorted(ids)
        assert await page.value(head.format(0) + ".ariaSort") == "none"
        # Long texts are cut to a line until they are asked for.
        cut = "getComputedStyle(document.querySelector('#malformed td.wide')).whiteSpace"
        assert await page.value(cut) == "pre"
        await page.value("document.querySelector('#malformed .find button').click()")
        assert await page.value("document.querySelector('#malformed .find button').ariaPressed") == "true"
        assert await page.value(cut) == "pre-wrap"
        await page.value("document.querySelector('#slowest input').focus()")
        for key in ids[7]:
            await page.press(key)
        await page.until("document.querySelector('#slowest [role=status]').textContent === '1 of 1,000 rows'")
        rows = "[...document.querySelectorAll('#slowest tbody tr')].filter(row => row.offsetParent !== null)"
        assert await page.value(f"{rows}.map(row => row.cells[2].textContent)") == [ids[7]]

    in_chromium(tmp_path, body)


def test_light_and_dark(pages: dict[str, Path], tmp_path: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    bar = "document.querySelector('#flow canvas').toDataURL()"

    async def body(page: chromium.Page) -> None:
        await opened(page, pages["pair"], theme="dark")
        assert await page.value(ground) == "rgb(15, 17, 26)"
        dark = await page.value(bar)
        await page.value("document.getElementById('theme').click()")
        assert await page.value(ground) == "rgb(251, 251, 253)"
        await page.until(f"{bar} !== {dark!r}")
        assert await page.value("document.getElementById('theme').textContent") == "☾ Dark"

    in_chromium(tmp_path, body)


def test_without_script_pictures_and_tables_are_there(pages: dict[str, Path], tmp_path: Path) -> None:
    async def body(page: chromium.Page) -> None:
        page._session = None
        await page.open("about:blank", tmp_path)
        await page.call("Emulation.setScriptExecutionDisabled", value=True)
        await page.call("Page.navigate", url=pages["access"].as_uri())
        await page.until(_READY + " && document.querySelector('footer') !== null")
        assert await page.value("document.querySelectorAll('.live, .find, canvas').length") == 0
        stills = "[...document.querySelectorAll('.still')].map(still => still.getBoundingClientRect().height > 100)"
        assert await page.value(stills) == [True] * 4
        assert await page.value("document.querySelectorAll('#slowest tbody tr').length") == 1000
        assert await page.value("getComputedStyle(document.getElementById('theme')).display") == "none"

    in_chromium(tmp_path, body)


def test_corner_cases_are_drawn(tmp_path: Path) -> None:
    """Runs of one exchange, without a clock, without durations, without anything."""
    made = {}
    for number, make in enumerate((*REPORTS, *ACCESS_REPORTS)):
        html = tmp_path / f"{number}.html"
        html.write_bytes(run_html(written(tmp_path / str(number), make())))
        made[html] = make

    async def body(page: chromium.Page) -> None:
        for html, make in made.items():
            await opened(page, html)
            drawn = await page.value("document.querySelectorAll('.drawn canvas').length")
            assert drawn == await page.value("document.querySelectorAll('.still').length")
            assert drawn or make.__name__ in ("empty", "without_clock")
            for chart in range(drawn):
                await page.value(f"document.querySelectorAll('.live')[{chart}].focus()")
                for key in ("ArrowRight", "+", "+", "End", "-", "0"):
                    await page.press(key)
                assert await page.value("document.getElementById('told').textContent")

    in_chromium(tmp_path, body)


LOOKS: dict[str, tuple[str, int, dict[str, str]]] = {
    "light": ("pair", 1280, {"theme": "light"}),
    "dark": ("pair", 1280, {"theme": "dark"}),
    "access": ("access", 1280, {"theme": "dark"}),
    "phone": ("access", 390, {"theme": "light"}),
    "print": ("pair", 800, {"theme": "light", "media": "print"}),
}


@pytest.mark.parametrize("case", LOOKS)
def test_pictures(case: str, pages: dict[str, Path], tmp_path: Path) -> None:
    """Letters are of other fonts on other machines, so pictures are small, and compared with some patience."""
    name, width, look = LOOKS[case]

    async def body(page: chromium.Page) -> None:
        await opened(page, pages[name], width, 900, **look)
        tall = await page.value("document.documentElement.scrollHeight")
        assert await page.value("document.documentElement.scrollWidth") <= width
        await page.look(width, tall, **look)
        await page.until(f"innerHeight === {tall}")
        await page.value(_FRAMES)
        # In letters of another width the page is another one.
        if abs(await page.value(_WIDTH) - _GOLDEN_WIDTH) > 5:
            pytest.skip("the fonts of this machine are others than those of the pictures")
        picture = small_pictures.pixels(await page.picture(_SCALE))
        small_pictures.check(picture, GOLDEN / f"{case}.txt")

    in_chromium(tmp_path, body)


def test_other_pictures_are_told() -> None:
    light, dark, access = (small_pictures.golden(GOLDEN / f"{name}.txt") for name in ("light", "dark", "access"))
    assert small_pictures.difference(light, light) == ""
    # A page whose top is a little higher is the same page.
    assert small_pictures.difference([light[0], light[0], *light], light) == ""
    assert "apart" in small_pictures.difference(light, dark)
    assert small_pictures.difference(dark, access)
    assert "high" in small_pictures.difference(light, light[:-30])
    # One without a chart is another.
    blank = [*light[:40], *[[light[0][0]] * len(row) for row in light[40:60]], *light[60:]]
    assert "rows 40 to 60" in small_pictures.difference(blank, light)


def hostile_pages(folder: Path) -> list[Path]:
    """Pages of logs that hold every hostile text in every field, and hostile names."""
    names = hostile.pair(folder)
    hostile.access(folder / "access.ndjson")
    hostile.combined(folder / "combined.log")
    odd = "<img src=x onerror=window.hacked=12>"
    lines = [f"2025-11-21T14:00:{k:02}Z,{text}{k},{text}" for k, text in enumerate(PAYLOADS * 4)]
    (folder / f"{odd}.req").write_text("\n".join(lines) + "\n", encoding="utf8", errors="replace")
    answers = [f"2025-11-21T14:00:{k:02}.5Z,{text}{k},500" for k, text in enumerate(PAYLOADS * 4) if k % 3]
    (folder / f"{odd}.res").write_text("\n".join([*answers, *PAYLOADS]) + "\n", encoding="utf8", errors="replace")
    succeed("correlate", *names, "--html", "terminal.html", cwd=folder)
    succeed("correlate", *names, "--skew", "100", cwd=folder)
    succeed("correlate", f"{odd}.req", f"{odd}.res", "--html", "markup.html", cwd=folder)
    succeed("analyze", "access.ndjson", "--html", "access.html", cwd=folder)
    succeed("analyze", "combined.log", "--html", "combined.html", cwd=folder)
    return sorted(folder.glob("*.html"))


def test_hostile_texts_run_nothing(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    made = hostile_pages(logs)
    assert len(made) == 4
    assert [faults(html.read_bytes()) for html in made] == [[]] * 4

    async def body(page: chromium.Page) -> None:
        for html in made:
            await opened(page, html)
            assert await page.value("window.hacked") is None
            # All of it is text: hovering, focusing and sorting wake nothing either.
            await page.value("document.querySelectorAll('thead button').forEach(button => button.click())")
            assert (
                await page.value("document.querySelectorAll('img, iframe, link, base, form, object, embed').length")
                == 0
            )
            assert await page.value("document.querySelectorAll('script').length") == 2
            assert await page.value("window.hacked") is None
        text = await page.value("document.body.innerText")
        assert hostile.MARK in text

    in_chromium(tmp_path, body)


def test_the_policy_stops_what_would_load_or_run(pages: dict[str, Path], tmp_path: Path) -> None:
    """The same page with elements put in by force: the policy alone stops them."""
    evil = (
        b"<script>window.hacked=1</script><img src=file:///dev/null onerror=window.hacked=2>"
        b"<style>body{color:red}</style><iframe src=file:///tmp></iframe><p style='color:red'>x</p>"
    )
    whole = pages["pair"].read_bytes()
    forced = tmp_path / "forced.html"
    forced.write_bytes(whole.replace(b"<main", evil + b"<main", 1))
    assert faults(forced.read_bytes())

    async def body(page: chromium.Page) -> None:
        await opened(page, forced)
        assert await page.value("window.hacked") is None
        assert await page.value("getComputedStyle(document.querySelector('main')).color") == "rgb(28, 32, 51)"
        await page.until("document.querySelectorAll('.drawn').length === 5")
        sent = {
            e["params"]["requestId"]: e["params"]["request"]["url"] for e in events(page, "Network.requestWillBeSent")
        }
        stopped = [e["params"] for e in events(page, "Network.loadingFailed")]
        others = [url for url in sent.values() if url != forced.as_uri() and not url.startswith("data:")]
        assert others == [sent[one["requestId"]] for one in stopped if one.get("blockedReason") == "csp"]
        told = [e["params"]["entry"]["text"] for e in events(page, "Log.entryAdded")]
        assert len([text for text in told if "Content Security Policy" in text]) >= 4

    in_chromium(tmp_path, body, harmless=False)
