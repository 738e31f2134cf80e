"""The app in a terminal, on access logs that try to steer it: each screen that only they have, every byte."""

from collections.abc import Iterator

import pytest

from tests.support import hostile
from tests.support.helpers import succeed
from tests.support.hostile import MARK
from tests.tui.terminal_walk import ENTER, ESCAPE, OPEN, PAGE_DOWN, PASTED, Walk, walking

SIZES, IDS = [(120, 36), (80, 24)], ["120x36", "80x24"]
# Every screen is seen at both sizes. For what is done there one will do in the short suite: the one that shows more.
MOSTLY_LARGE = pytest.mark.parametrize(
    "walk", [SIZES[0], pytest.param(SIZES[1], marks=pytest.mark.long)], ids=IDS, indirect=True
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The app as it analyses a hostile log of JSON lines; its store holds a run on a combined log."""
    here = tmp_path_factory.mktemp("terminal")
    hostile.access(here / "access\u202e[bold].ndjson")
    hostile.combined(here / "combined.log")
    store = here / "store"
    succeed("analyze", "combined.log", "--store", store, cwd=here)
    with walking(["--access", "access*", "--store", str(store)], here, *SIZES[0]) as walk:
        walk.to("", "Latency distribution")
        yield walk


@pytest.fixture(scope="module", params=SIZES, ids=IDS)
def walk(request: pytest.FixtureRequest, app: Walk) -> Walk:
    """The same app in a terminal of one size after the other."""
    app.resize(*request.param)
    app.terminal.clips.clear()
    return app


def is_wide(walk: Walk) -> bool:
    return walk.terminal.columns > 100


def test_every_screen_of_an_access_log(walk: Walk) -> None:
    walk.home()
    # The tabs name the views too: a heading tells that the table is there.
    views = (
        ("2", "Slow", "duration ▼"),
        ("4", "Endpoints", "requests ▼"),
        ("5", "Malformed", "reason"),
        ("7", "IPs", "suspicious"),
    )
    for key, name, heading in views if is_wide(walk) else (views[1], views[3]):
        walk.to(key, f" {name}  ", heading, "·  row 1", MARK, without=" ·      ")
        walk.to("i" if name in ("Endpoints", "IPs") else ENTER, f" {name} · row 1 of", "╭─ ", MARK)
        walk.press(PAGE_DOWN)
        walk.to(ESCAPE, "  ·  row ", f" {name}  ")
    walk.to("8", " Windows  ", "4xx", "·  row 1", without="▼")
    walk.to("i", "with the most requests", MARK)
    walk.to(ESCAPE, " Windows  ", "·  row ")
    walk.to("llllG", "  ·  row ")
    walk.to("hhhhg", "  ·  row 1 ", " Windows  ")
    walk.to("6", "Started")
    walk.press(PAGE_DOWN)
    walk.to("", "Ledger · where")


@MOSTLY_LARGE
def test_from_an_address_to_its_exchanges_and_raw_lines(walk: Walk) -> None:
    walk.home()
    walk.to("7", " IPs  ", "·  row 1", MARK)
    walk.to(ENTER, " Exchanges  ", "ip ", " ×", "·  row 1", MARK)
    walk.to(ENTER, "╭─ Fields", "╭─ Access log", MARK)
    walk.to("n", "row 2 of", MARK)
    walk.to(ESCAPE, "·  row ", MARK)
    if is_wide(walk):
        walk.to("w", "What differs", MARK)
        walk.to(ESCAPE, "·  row ", MARK)
    walk.to("/", "status=5xx")
    walk.paste(f"agent={PASTED}", MARK)
    walk.to(ENTER, "No rows", MARK)


@MOSTLY_LARGE
def test_runs_on_access_logs_are_listed_and_compared(walk: Walk) -> None:
    walk.home()
    walk.to(OPEN, "╭─ Recent runs", "combined.log")
    walk.press("\x1b[H")
    walk.to("c", "╭─ Compare with another run", "The chosen run is A")
    walk.to(ENTER, " A ", " B ", "─ Figures", without="comparing …")
    walk.to(PAGE_DOWN, "endpoint", *[MARK] * is_wide(walk))
    walk.to("x", " A ", " B ", without="comparing …")
