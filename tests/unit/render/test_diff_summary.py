"""The readable comparison: golden text at four widths, hostile names, and the words that say what a colour says."""

import itertools
import os
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len
from rich.style import Style

from logcorr.model.diff import Diff, Figure
from logcorr.query.compare import compare_runs as runs_
from logcorr.render.diff_summary import render_diff
from logcorr.render.diff_tables import by, count, figure_name, full_name, points, share, signed
from logcorr.text.quantities import duration
from tests.support.diff_cases import Endpoint, User, access_run, pair_run
from tests.support.kernels_or_numpy import some
from tests.support.pair_reports import busy
from tests.unit.render.test_summary import HOSTILE

GOLDEN = Path(__file__).parents[2] / "golden"
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
Make = Callable[[Path], Diff]
Once = Callable[[Make], Diff]
SPREAD = (1_000, 20_000, 80_000, 200_000, 900_000)


def incident(folder: Path) -> Diff:
    """A slow and failing afternoon after a quiet one, with other options."""
    whole = busy()
    slow = msgspec.structs.replace(
        whole.latency, p90_ms=260.0, p95_ms=700.0, p99_ms=2_400.0, p999_ms=8_000.0, mean_ms=70.0
    )
    users = [User(f"user-{n}", 10_000 // n, 500 // n, 40 // n) for n in range(1, 12)]
    worse = [
        User(name, requests, errors * (3 if requests > 2000 else 1), orphans)
        for name, requests, errors, orphans in users
    ]
    a = pair_run(folder / "86e3879cd9f4d339", [*users, User(None, 120, 1), User("left", 50, 0)])
    b = pair_run(folder / "e796ff0b1535349c", [*worse, User(None, 120, 1), User("came", 70, 3)], latency=slow)
    b.write(msgspec.structs.replace(b.manifest, options={"window_us": 1, "pairing": "last"}), b.report)
    return runs_.diff(a, b)


def same(folder: Path) -> Diff:
    run = pair_run(folder / "86e3879cd9f4d339", [User("u", 1000, 12, 3)])
    return runs_.diff(run, run)


def access(folder: Path) -> Diff:
    """One endpoint fails, another takes twice as long, one is new, one gone."""
    names = ("/api/orders", "/api/users", "/api/search", "/health")
    a = [Endpoint(name, 9_000, 90, SPREAD) for name in names]
    b = [
        Endpoint(names[0], 9_500, 1_900, SPREAD),
        Endpoint(names[1], 8_700, 80, tuple(value * 2 for value in SPREAD)),
        *a[2:3],
        Endpoint("/api/new", 300, 2, SPREAD),
    ]
    return runs_.diff(access_run(folder / "86e3879cd9f4d339", a), access_run(folder / "e796ff0b1535349c", b))


def empty(folder: Path) -> Diff:
    runs = [pair_run(folder / name, []) for name in ("86e3879cd9f4d339", "e796ff0b1535349c")]
    return runs_.diff(*runs)


def hostile(folder: Path) -> Diff:
    """Names that would move the cursor, in users, options and logs."""
    found = incident(folder)
    rows = [msgspec.structs.replace(row, name=HOSTILE) for row in found.groups.rows]
    run = msgspec.structs.replace(found.a, files={"request": [f"/logs/{HOSTILE}", "b"], "response": [HOSTILE]})
    groups = msgspec.structs.replace(found.groups, rows=rows)
    return msgspec.structs.replace(found, a=run, b=run, groups=groups, options={HOSTILE: (HOSTILE, "日本" * 50)})


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """What a maker makes, made once."""
    return cache(lambda make: make(tmp_path_factory.mktemp("made")))


@pytest.fixture(autouse=True)
def fresh_styles() -> None:
    """Rich keeps a style's escape codes as they first were on any console, even on one of fewer colours."""
    Style.parse.cache_clear()
    Style._add.cache_clear()


@pytest.mark.parametrize("width", [72, 80, 120, 160])
@pytest.mark.parametrize("make", [incident, same, access, empty])
def test_golden(make: Make, width: int, once: Once) -> None:
    path = GOLDEN / f"diff_{make.__name__}_{width}.txt"
    text = render_diff(once(make), width=width, color=False)
    if os.environ.get("LOGCORR_REGEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "color"),
    some(itertools.product((incident, access, hostile), (False, True)), (access, False), (hostile, True)),
)
def test_no_line_is_wider_than_the_terminal(make: Make, once: Once, *, color: bool) -> None:
    found = once(make)
    for width in (60, 72, 80, 109, 110, 117, 118, 160):
        lines = ESCAPE.sub("", render_diff(found, width=width, color=color)).splitlines()
        assert [line for line in lines if cell_len(line) > width] == []
    assert render_diff(found, width=10, color=color) == render_diff(found, width=60, color=color)
    assert render_diff(found, width=999, color=color) == render_diff(found, width=160, color=color)


def test_colours_say_nothing_that_signs_do_not(once: Once) -> None:
    found = once(incident)
    plain, coloured = (render_diff(found, width=120, color=color) for color in (False, True))
    assert ("\x1b" in plain, "\x1b[38;2;" in coloured) == (False, True)
    assert "\x1b[48;5;" not in coloured, "the terminal's own background shows"
    assert [line.rstrip() for line in ESCAPE.sub("", coloured).splitlines()] == plain.splitlines()


@pytest.mark.parametrize("color", [False, True])
def test_a_log_cannot_reach_the_terminal(once: Once, *, color: bool) -> None:
    for width in (72, 160):
        text = ESCAPE.sub("", render_diff(once(hostile), width=width, color=color))
        raw = {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}
        assert raw == set()
        assert "␛]0;owned" in text
        text.encode("utf-8")


def test_what_got_worse_comes_first(once: Once) -> None:
    lines = render_diff(once(incident), width=80, color=False).splitlines()
    assert lines[0].endswith("▲ worse")
    first = [line for line in lines if line.startswith(" ▌ ")]
    assert first[0].split()[1:4] == ["p99", "812ms", "→"]
    assert any("user-1 " in line and "failed" in line for line in first)
    assert any("Made with other options  pairing not given in A, last in B" in line for line in first)
    calm = render_diff(once(same), width=80, color=False)
    assert "Nothing got worse" in calm
    assert not {"▲", "▼"} & set(calm)


def figure(a: float, b: float) -> Figure:
    return Figure(name="p99", unit="ms", a=a, b=b, change=b - a, ratio=b / a, sigma=None, verdict="same")


def test_how_changes_are_written() -> None:
    ratios = [by(figure(100, b)) for b in (100, 100.04, 101, 99, 115.4, 299, 300, 1234, 0)]
    assert ratios == ["0 %", "0 %", "+1.0 %", "-1.0 %", "+15 %", "+199 %", "×3", "×12.3", "-100 %"]
    shares = [share(number) for number in (None, 0.0, 0.00001, 0.0123, 1.0)]
    assert shares == ["–", "0 %", "<0.01 %", "1.23 %", "100.00 %"]
    assert [points(number) for number in (0.0123, -0.5, 0.00001, 0.0)] == [
        "+1.23 pp",
        "-50.00 pp",
        "+0.0010 pp",
        "0 pp",
    ]
    assert [count(number) for number in (0, 9_999_999, 10**7)] == ["0", "9,999,999", "10M"]
    assert [signed(number, duration) for number in (5, -5, 0)] == ["+5ms", "-5ms", "0us"]
    names = ("p999", "error_rate", "error_rate_5xx", "orphan_rate.too_far", "failure.p999")
    assert [figure_name(name) for name in names] == ["p99.9", "error rate", "  5xx", "  too far", "  p99.9"]
    assert [full_name(name) for name in names] == [
        "p99.9",
        "error rate",
        "5xx rate",
        "orphan rate, too far",
        "failure p99.9",
    ]


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ([["combined", "1f"]], [["ndjson", "2f", "docker-json"]], "combined in A, ndjson behind docker-json in B"),
        (None, {"log": ["pino-http", "1f"]}, "logcorr in A, pino-http in B"),
        ({"log": ["shop", "1f"]}, {"log": ["shop", "2f"]}, "shop in both, but the profile said other things"),
    ],
)
def test_runs_read_in_other_formats(once: Once, a: object, b: object, said: str) -> None:
    found = msgspec.structs.replace(once(incident), options={"formats": (a, b)})
    assert f" ▌ Read in other formats  {said}" in render_diff(found, width=120, color=False).splitlines()
