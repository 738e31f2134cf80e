"""`logcorr export` of a part of a view, and in the order of the view."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.helpers import generated, logcorr, succeed


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one finished run of an incident."""
    folder = tmp_path_factory.mktemp("export")
    generated(folder / "pair", 20_000, incident=True)
    succeed("correlate", "pair", "--report", "report.json", "--progress", "none", cwd=folder)
    return folder


def rows(place: Path, *words: str) -> list[dict[str, Any]]:
    name = next((place / "cache" / "logcorr" / "runs").glob("[0-9a-f]*")).name
    out = succeed("export", name, *words, "-o", "-", cwd=place).out
    return [json.loads(line) for line in out.splitlines()]


def test_which_requests_never_got_an_answer(place: Path) -> None:
    words = ("--where", "side=request reason=lost", "--since", "15:05", "--until", "15:12")
    found = rows(place, "--view", "orphans", *words)
    expected = [
        row
        for row in rows(place, "--view", "orphans")
        if (row["side"], row["reason"]) == ("request", "lost")
        and "2025-11-21T15:05:00.000000Z" <= row["time"] < "2025-11-21T15:12:00.000000Z"
    ]
    assert len(found) > 20
    assert found == expected


def test_times_may_be_before_the_newest_entry(place: Path) -> None:
    late = rows(place, "--view", "exchanges", "--columns", "request_time", "--since", "-10m")
    every = rows(place, "--view", "exchanges", "--columns", "request_time")
    assert 0 < len(late) < len(every) / 4
    assert min(row["request_time"] for row in late) >= "2025-11-21T15:49"


def test_views_come_in_their_order(place: Path) -> None:
    users = rows(place, "--view", "users")
    assert [row["requests"] for row in users] == sorted((row["requests"] for row in users), reverse=True)
    slow = rows(place, "--view", "slow", "--columns", "duration_us")
    assert [row["duration_us"] for row in slow] == sorted((row["duration_us"] for row in slow), reverse=True)
    unsorted = rows(place, "--view", "slow", "--columns", "duration_us", "--sort", "none")
    assert unsorted != slow
    assert sorted(map(str, unsorted)) == sorted(map(str, slow))
    by_time = rows(place, "--view", "slow", "--columns", "request_time", "--sort", "time")
    assert [row["request_time"] for row in by_time] == sorted(row["request_time"] for row in by_time)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--view", "users", "--since", "15:00"), "rows of the view 'users' have no time"),
        (("--view", "orphans", "--since", "soon"), "--since 'soon' is no time"),
        (("--view", "orphans", "--since", "15:10", "--until", "15:05"), "nothing lies between them"),
        (("--view", "orphans", "--where", "nope=1"), "no 'nope' here"),
    ],
)
def test_what_cannot_be_is_refused(place: Path, words: tuple[str, ...], said: str) -> None:
    name = next((place / "cache" / "logcorr" / "runs").glob("[0-9a-f]*")).name
    done = logcorr("export", name, *words, "-o", "out.json", cwd=place)
    assert done.code == 2
    assert said in done.err
    assert not (place / "out.json").exists()


def test_a_part_is_of_a_view(place: Path) -> None:
    done = logcorr("export", "abc", "--html", "page.html", "--where", "status=200", cwd=place)
    assert done.code == 2
    assert "--where, --since and --until go with --view." in done.err
