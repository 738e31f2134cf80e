"""Comparisons of two runs against the plain way; of a run with itself; with A and B swapped; of an incident."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.model.diff import Diff
from logcorr.model.errors import Cancelled, InputError, UsageError
from logcorr.query.compare import compare_runs as runs_
from logcorr.query.compare import groups as groups_
from logcorr.query.compare.fail_if import limit
from logcorr.query.compare.figures import COUNTS, LATENCIES, RATES
from logcorr.runs import find_runs, run_folder
from tests.support.diff_cases import Endpoint, User, access_run, compared, judged, pair_run, ranked
from tests.support.helpers import generated, runs_root, succeed
from tests.support.kernels_or_numpy import search

FLIPPED = {"worse": "better", "better": "worse", "more": "less", "less": "more", "new": "gone", "gone": "new"}


@st.composite
def users(draw: st.DrawFn) -> list[User]:
    """Few names, so that both runs share some; some large, some tiny, one perhaps without a name."""
    names: list[str | None] = [None, "u1", "u2", "ü", "\x1b[31m", "u9", "[/oops]"]
    found = []
    for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=6)):
        requests = draw(st.sampled_from([1, 2, 3, 9, 100, 5000]))
        errors = draw(st.integers(0, requests))
        found.append(User(name, requests, errors, draw(st.integers(0, min(requests - errors, 20)))))
    return found


@search(8)
@given(users(), users())
def test_users_are_judged_and_ranked_as_by_hand(a: list[User], b: list[User]) -> None:
    with TemporaryDirectory() as folder:
        found = compared(Path(folder), a, b).groups
    expected = judged(a, b)
    assert [row.name for row in found.rows] == ranked(a, b)
    names = [{user.name for user in side if user.requests} for side in (a, b)]
    assert (found.a, found.b) == (len(names[0]), len(names[1]))
    assert (found.new, found.gone) == (len(names[1] - names[0]), len(names[0] - names[1]))
    verdicts = [verdict for verdict, _, _ in expected.values()]
    assert (found.worse, found.better) == (verdicts.count("worse"), verdicts.count("better"))
    before, after = ({user.name: user for user in side} for side in (a, b))
    for row in found.rows:
        verdict, extra, sure = expected[row.name]
        own, other = before.get(row.name), after.get(row.name)
        assert row.verdict == ("new" if own is None else "gone" if other is None else verdict)
        assert row.extra_failures == pytest.approx(extra)
        assert row.sigma == pytest.approx(sure, abs=1e-5)
        assert (row.requests_a, row.requests_b) == (own.requests if own else 0, other.requests if other else 0)
        for user, errors, rate in ((own, row.errors_a, row.error_rate_a), (other, row.errors_b, row.error_rate_b)):
            answered = user.requests - user.orphans if user else 0
            assert errors == (user.errors if user else 0)
            assert rate == (user.errors / answered if user and answered else None)


@search(3)
@given(users(), users(), st.integers(1, 4))
def test_parts_and_top_make_no_difference(a: list[User], b: list[User], rows: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        whole = compared(Path(folder) / "whole", a, b)
        patch.setattr(groups_, "_PARTITION_ROWS", rows)
        assert compared(Path(folder) / "parts", a, b).groups == whole.groups
        few = compared(Path(folder) / "few", a, b, top=2).groups
        assert few.rows == whole.groups.rows[:2]
        assert few.worse == whole.groups.worse


def verdicts(found: Diff) -> dict[str, Any]:
    """Every verdict there is, by what it is about."""
    told: dict[str, Any] = {f"figure {figure.name}": figure.verdict for figure in found.figures}
    told |= {f"status {row.code}": row.verdict for row in found.statuses}
    told |= {f"group {row.name}": row.verdict for row in found.groups.rows}
    told |= {f"latency {row.name}": row.latency_verdict for row in found.groups.by_latency}
    return told


@search(4)
@given(users(), users())
def test_swapped_runs_flip_the_verdicts(a: list[User], b: list[User]) -> None:
    with TemporaryDirectory() as folder:
        there, back = compared(Path(folder) / "1", a, b), compared(Path(folder) / "2", b, a)
    flipped = {name: FLIPPED.get(verdict, verdict) for name, verdict in verdicts(back).items()}
    assert verdicts(there) == flipped


@search(3)
@given(users())
def test_a_run_against_itself_is_the_same(a: list[User]) -> None:
    with TemporaryDirectory() as folder:
        found = compared(Path(folder), a, a)
    assert set(verdicts(found).values()) <= {"same"}
    assert found.worse == []
    groups = found.groups
    assert (groups.worse, groups.better, groups.new, groups.gone) == (0, 0, 0, 0)
    for name in (*LATENCIES, *RATES, *COUNTS):
        for sign in (">", "<"):
            for amount in ("+0%", "-0%"):
                assert limit(f"{name}{sign}{amount}").holds(found) is None


def test_the_tiny_do_not_win_over_the_large(tmp_path: Path) -> None:
    tiny = [User(f"tiny-{n}", 3, 0) for n in range(500)]
    unlucky = [User(f"tiny-{n}", 3, 3) for n in range(500)]
    found = compared(tmp_path, [*tiny, User("large", 10_000, 100)], [*unlucky, User("large", 10_000, 200)])
    assert [row.name for row in found.groups.rows if row.verdict == "worse"] == ["large"]
    assert found.groups.rows[0].extra_failures == pytest.approx(100)


def test_a_new_user_is_held_against_all_of_the_first_run(tmp_path: Path) -> None:
    a = [User("old", 10_000, 100)]
    found = compared(tmp_path, a, [*a, User("bad", 1000, 300), User("fine", 1000, 10)])
    first, *others = found.groups.rows
    assert (first.name, first.verdict) == ("bad", "new")
    assert first.extra_failures == pytest.approx(290)
    assert {(row.name, row.verdict) for row in others} == {("old", "same"), ("fine", "new")}


SPREAD = (1_000, 20_000, 80_000, 200_000, 900_000)
SLOWER = tuple(value * 2 for value in SPREAD)


def test_endpoints_are_ranked_by_the_time_that_they_take_more(tmp_path: Path) -> None:
    a = [Endpoint(name, n, n // 100, SPREAD) for name, n in (("/busy", 90_000), ("/mid", 9_000), ("/few", 3))]
    b = [Endpoint(one.name, one.requests, one.errors, SLOWER) for one in a]
    calm = Endpoint("/calm", 50_000, 9, SPREAD)
    runs = access_run(tmp_path / "a", [*a, calm, Endpoint(None, 7, 7)]), access_run(tmp_path / "b", [*b, calm])
    found = runs_.diff(*runs).groups
    assert [(row.name, row.latency_verdict) for row in found.by_latency] == [
        ("/busy", "worse"),
        ("/mid", "worse"),
        ("/calm", "same"),
        ("/few", "same"),
    ]
    pace = 0.25 * 1_000 + 0.475 * 20_000 + 0.245 * 80_000 + 0.03 * 200_000
    assert found.by_latency[0].extra_ms == pytest.approx(90_000 * pace / 1000)
    assert (found.slower, found.faster, found.gone) == (2, 0, 1)
    back = runs_.diff(*reversed(runs)).groups
    assert [row.latency_verdict for row in back.by_latency] == ["better", "better", "same", "same"]


def test_an_access_log_without_durations(tmp_path: Path) -> None:
    runs = [access_run(tmp_path / name, [Endpoint("/", 10, 1)]) for name in "ab"]
    assert runs_.diff(*runs).groups.by_latency == []


def test_no_requests_at_all(tmp_path: Path) -> None:
    found = compared(tmp_path, [], [User("u", 5, 5)])
    assert [row.verdict for row in found.groups.rows] == ["new"]
    assert found.groups.rows[0].extra_failures is None
    rates = {figure.name: figure.verdict for figure in found.figures if figure.name in ("error_rate", "orphan_rate")}
    assert rates == {"error_rate": "new", "orphan_rate": "new"}


def test_reasons_that_one_run_has_not_seen(tmp_path: Path) -> None:
    a, b = [User("u", 1000, 0)], [User("u", 1000, 0, 200)]
    found = {figure.name: figure for figure in compared(tmp_path, a, b).figures}
    lost = found["orphan_rate.lost"]
    assert (lost.a, lost.b, lost.ratio, lost.verdict) == (0.0, 0.2, None, "worse")


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Diff]:
    """Runs of two quiet afternoons and one with an incident, of other seeds each; and what any two of them compare to."""
    folder = tmp_path_factory.mktemp("incident")
    options: dict[str, dict[str, Any]] = {
        "quiet": {"seed": 1},
        "calm": {"seed": 2},
        "bad": {"seed": 3, "incident": True},
    }
    for name, more in options.items():
        generated(folder / name, 30_000, users=500, **more)
        succeed("correlate", f"{name}/requests.log", f"{name}/responses.log", cwd=folder)
    runs = {run.manifest.files["request"][0].partition("/")[0]: run for run in find_runs.all_runs(runs_root(folder))}
    return lambda a, b: runs_.diff(runs[a], runs[b])


def test_two_quiet_afternoons_differ_in_nothing(incident: Callable[[str, str], Diff]) -> None:
    found = incident("quiet", "calm")
    assert found.worse == []
    assert {row.verdict for row in found.statuses} | {row.verdict for row in found.groups.rows} == {"same"}
    assert limit("p99>+25%").holds(found) is None


def test_an_incident_puts_the_right_things_first(incident: Callable[[str, str], Diff]) -> None:
    found = incident("quiet", "bad")
    assert {"p95", "error_rate", "error_rate_5xx", "orphan_rate", "orphan_rate.lost"} <= set(found.worse)
    assert not {"error_rate_4xx", "malformed_rate", "negative_rate"} & set(found.worse)
    assert [row.code for row in found.statuses[:3]] == ["503", "500", "504"]
    assert found.statuses[2].verdict == "new"
    assert found.groups.rows[0].name == "user-1"
    extra = [row.extra_failures or 0 for row in found.groups.rows if row.verdict == "worse"]
    assert extra == sorted(extra, reverse=True)
    ratios = [figure.ratio for name in found.worse for figure in found.figures if figure.name == name]
    known = [ratio for ratio in ratios if ratio is not None]
    assert known == sorted(known, reverse=True)
    assert limit("p95>+100%").holds(found) is not None
    assert incident("bad", "quiet").worse == []


def test_the_figures_are_those_of_the_reports(incident: Callable[[str, str], Diff]) -> None:
    """The command's own report of a run, read as JSON, tells the same."""
    found = msgspec.json.decode(run_folder.encode(incident("quiet", "bad")))
    assert found["schema"] == 1
    figures = {figure["name"]: figure for figure in found["figures"]}
    assert figures["p99"]["change"] == figures["p99"]["b"] - figures["p99"]["a"]
    assert figures["lines"]["a"] + figures["lines"]["change"] == figures["lines"]["b"]
    assert list(figures) == [name for name in (*COUNTS, *RATES, *LATENCIES) if name in figures]


def test_options_that_differ_are_told(tmp_path: Path) -> None:
    runs = [pair_run(tmp_path / name, [User("u", 5, 1)]) for name in "ab"]
    assert runs_.diff(*runs).options == {}
    other = msgspec.structs.replace(runs[1].manifest, options={"window_us": 1, "pairing": "last"})
    runs[1].write(other, runs[1].report)
    assert runs_.diff(*runs).options == {"pairing": (None, "last"), "window_us": (60_000_000, 1)}


def test_it_can_be_cancelled(tmp_path: Path) -> None:
    from threading import Event

    cancel = Event()
    cancel.set()
    run = pair_run(tmp_path / "a", [User("u", 5, 1)])
    with pytest.raises(Cancelled):
        runs_.diff(run, run, cancel=cancel)


def test_runs_of_two_kinds(tmp_path: Path) -> None:
    runs = pair_run(tmp_path / "a", [User("u", 5, 1)]), access_run(tmp_path / "b", [Endpoint("/", 5, 1)])
    with pytest.raises(UsageError, match="only runs of one kind") as caught:
        runs_.diff(*runs)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("damage", ["gone", "torn", "other schema", "no report"])
def test_a_damaged_run(tmp_path: Path, damage: str) -> None:
    runs = [pair_run(tmp_path / name, [User("u", 5, 1), User("v", 5, 1)]) for name in "ab"]
    part = runs[1].path / "users" / "0001.parquet"
    if damage == "gone":
        part.unlink()
    elif damage == "torn":
        part.write_bytes(bytes(part.stat().st_size))
    elif damage == "no report":
        (runs[1].path / "report.json").unlink()
    else:
        manifest = runs[1].path / "manifest.json"
        manifest.write_bytes(manifest.read_bytes().replace(b'"schema": 1', b'"schema": 2'))
    with pytest.raises(InputError) as caught:
        runs_.diff(*runs)
    assert len(str(caught.value).splitlines()) == 1
