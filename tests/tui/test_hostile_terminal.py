"""The app in a terminal, on logs that try to steer it: each screen by keyboard, every byte that is written."""

import base64
from collections.abc import Iterator, Sequence

import pytest

from tests.support import hostile
from tests.support.helpers import succeed
from tests.support.hostile import MARK, PAYLOADS, faults
from tests.tui.terminal_walk import ENTER, ESCAPE, OPEN, PAGE_DOWN, PALETTE, PASTED, Walk, walking

QUIET = "correlate", "--requests", "requests*", "--responses", "responses*"
SIZES, IDS = [(120, 36), (80, 24)], ["120x36", "80x24"]
# Every screen is seen at both sizes. For what is done there one will do in the short suite: the one where most is cut.
MOSTLY_SMALL = pytest.mark.parametrize(
    "walk", [pytest.param(SIZES[0], marks=pytest.mark.long), SIZES[1]], ids=IDS, indirect=True
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The app as it correlates a pair of hostile logs; its store holds an older run, and one that cannot be read."""
    here = tmp_path_factory.mktemp("terminal")
    hostile.pair(here, b".log")
    folder, store = here / "folder", here / "store"
    folder.mkdir()
    for name in PAYLOADS.values():
        (folder / f"x{name.replace('/', ' ').replace(chr(0), '')[:60]}").touch()
    succeed(*QUIET, "--skew", "1000", "--store", store, cwd=here)
    (store / f"\x1b]0;{MARK}\x07\u202e[bold]").mkdir()
    (store / f"\x1b]0;{MARK}\x07\u202e[bold]" / "manifest.json").write_text("{}", encoding="utf8")
    with walking([*QUIET[1:], "--store", str(store)], here, *SIZES[0]) as walk:
        walk.to("", "Latency distribution")
        yield walk


@pytest.fixture(scope="module", params=SIZES, ids=IDS)
def walk(request: pytest.FixtureRequest, app: Walk) -> Walk:
    """The same app in a terminal of one size after the other."""
    app.resize(*request.param)
    app.terminal.clips.clear()
    return app


VIEWS = (("2", "Slow"), ("3", "Errors"), ("4", "Orphans"), ("5", "Malformed"), ("7", "Duplicates"), ("8", "Skewed"))


def see_rows_and_detail(walk: Walk, views: Sequence[tuple[str, str]]) -> None:
    """The table of each view and what is shown of its first row."""
    for key, name in views:
        walk.to(key, f" {name}  ", "·  row 1", MARK, without=" ·      ")
        walk.to(ENTER, f" {name} · row 1 of", "╭─ Fields", MARK)
        walk.press(PAGE_DOWN)
        walk.to(ESCAPE, "  ·  row ", "Detail")


# The tables of exchanges are laid out alike: one of each layout will do, and that of errors is seen below.
@pytest.mark.long
def test_the_tables_that_are_laid_out_alike(walk: Walk) -> None:
    walk.home()
    see_rows_and_detail(walk, [view for view in VIEWS if view not in VIEWS[2:5]])


def test_every_screen(walk: Walk) -> None:
    walk.home()
    see_rows_and_detail(walk, VIEWS[2:5])
    walk.to("llllllG", "  ·  row ")
    walk.to("hhhhhhg", "  ·  row 1 ")
    walk.to("9", " Users  ", "requests ▼", "·  row 1", MARK)
    walk.to("i", "╭─ Fields", MARK)
    walk.to("6", "Started")
    walk.press(PAGE_DOWN)
    walk.to("", "Ledger · where", MARK)
    walk.to("?", "╭─ Keys")
    walk.to(ESCAPE, "Ledger · where")
    walk.to(PALETTE, "Search for commands")
    walk.paste(PASTED, MARK, "No matches found")
    walk.to(ESCAPE, "Ledger · where")


@MOSTLY_SMALL
def test_filters_sorting_comparison_and_export(walk: Walk) -> None:
    walk.home()
    walk.to("3", " Errors  ", "·  row ", MARK)
    walk.to("/", "status=5xx")
    walk.paste(f"user={PASTED}", MARK)
    walk.to(ENTER, "No rows: nothing in Errors fits", MARK)
    walk.to("x", "·  row ", without="No rows")
    walk.to("/", "status=5xx")
    walk.paste(f" nope={PASTED}", MARK)
    walk.to(ENTER, "✗", MARK)
    walk.to(ESCAPE, "Detail")
    walk.to("/", "status=5xx")
    walk.paste(f'user~"{MARK}"', MARK)
    walk.to(ENTER, "  ·  row ", "×", MARK, without="filtering")
    walk.to("s", "╭─ Sort by")
    walk.to(f"jj{ENTER}", " id ", "row 1", MARK, without="Sort by")
    walk.to("x", "all rows", "·  row ", MARK)
    walk.to("w", "What differs", "Only what chance does not explain", MARK)
    walk.to(ESCAPE, " Errors  ", "·  row ")
    walk.to("e", "╭─ Export errors", "all rows of errors", MARK)
    # The field holds a name that would do; with this before it, it is one that no disk takes.
    walk.paste(PASTED, MARK)
    walk.to(ENTER, "! ", MARK)
    walk.to("\x15\x0b", "all rows of errors", without="! ")
    walk.paste(f"out-{walk.terminal.columns}-\u202e{MARK}\u200b.csv", MARK)
    walk.to(ENTER, MARK, "Exported", boxes=False)


@MOSTLY_SMALL
def test_what_can_be_opened_and_compared(walk: Walk) -> None:
    walk.home()
    walk.to(OPEN, "╭─ Recent runs", "written in schema", MARK)
    walk.press("/")
    walk.to("folder/x", MARK)
    walk.paste(PASTED, MARK)
    walk.to(ENTER, "! ", "folder/x", MARK)
    walk.to(ESCAPE, "╭─ Recent runs")
    walk.to("c", "╭─ Compare with another run", "The chosen run is A", MARK)
    walk.to(ENTER, " A ", " B ", MARK, without="comparing …")
    walk.press(PAGE_DOWN)
    walk.to("x", " A ", " B ", MARK, without="comparing …")


@MOSTLY_SMALL
def test_only_the_copy_key_writes_to_the_clipboard(walk: Walk) -> None:
    walk.home()
    walk.to("3", " Errors  ", "·  row ", MARK)
    walk.to(ENTER, "╭─ Fields", "╭─ Request log", MARK)
    assert walk.terminal.clips == []
    walk.to("y", "all of this", boxes=False)
    (copied,) = walk.terminal.clips
    text = base64.b64decode(copied)
    assert MARK.encode() in text
    assert faults(text) == []
