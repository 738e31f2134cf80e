"""A run by steps on an engine equals the run on this machine: reports but for `run`, and sorted exports to the byte.

Splits are cut anywhere, and there are few or many buckets. LOGCORR_EXAMPLES=n tries n times as many examples.
"""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from logcorr.cluster import cut_work, job
from logcorr.cluster.engines.base import Item, run_item
from logcorr.figures import latency_counts
from logcorr.model.options import CorrelateOptions, Narrowing, Reading
from tests.oracle.golden_formats import GOLDEN
from tests.oracle.test_golden_jobs import GOLD, PAIRS
from tests.support import app_logs
from tests.support.cluster_runs import MEMORY, cluster, differences
from tests.support.helpers import zstandard
from tests.support.kernels_or_numpy import search, some
from tests.support.pair_strategies import Case, cases
from tests.support.profile_logs import ProfileCase, profile_cases

# Rooms so small that entries are flushed one by one, and that buckets go to disk and are split there.
SMALL = {"_MOST_BUCKET": 2_000, "_FLUSH_SHARE": 1e-7}
CUTS = st.fixed_dictionaries({"split_bytes": st.integers(20, 600), "buckets": st.integers(1, 5)})
NARROWINGS = st.sampled_from(
    [
        *[Narrowing()] * 3,
        Narrowing(where="status>=400"),
        Narrowing(where="reason=lost"),
        Narrowing(where="duration_ms>1 user_id~u"),
        Narrowing(since="-1m"),
        Narrowing(until="2025-03-01T12:00:00Z"),
    ]
)


@contextmanager
def rooms(*, small: bool) -> Iterator[None]:
    """Within this context runs on an engine have little room, where it is to be small."""
    with ExitStack() as patched:
        for name, value in SMALL.items() if small else ():
            patched.enter_context(patch.object(cut_work, name, value))
        if small:
            patched.enter_context(patch.object(latency_counts, "MOST_COUNTS", 2))
        yield


@search(6)
@given(cases(), CUTS, NARROWINGS, st.booleans())
def test_two_logs(case: Case, cut: dict[str, Any], narrowing: Narrowing, small: bool) -> None:
    note(case.readable())
    with TemporaryDirectory(prefix="logcorr-") as name, rooms(small=small):
        options = case.engine_options(Path(name), [])
        options = msgspec.structs.replace(options, narrowing=narrowing)
        assert differences(options, Path(name), cluster(**cut), case.variables()) == []


def options_of(log: Path, name: str, day: date | None, head: str = "", **changed: Any) -> CorrelateOptions:
    reading = Reading(date=str(day) if day else None, unwrap=(head,) if head else ())
    return CorrelateOptions(log=(str(log),), form=name, reading=reading, memory_bytes=MEMORY, **changed)


@search(6)
@given(
    profile_cases(PAIRS),
    CUTS,
    st.sampled_from([None, None, "in-order", "nearest", "first", "last"]),
    st.sampled_from([None, 1_000, 1_000_000]),
    st.booleans(),
)
def test_one_log(case: ProfileCase, cut: dict[str, Any], pairing: Any, longest: int | None, small: bool) -> None:
    note(f"{case}")
    with TemporaryDirectory(prefix="logcorr-") as name, rooms(small=small):
        folder = Path(name)
        (folder / "a.log").write_bytes(case.log)
        options = options_of(folder / "a.log", case.name, case.day, pairing=pairing, max_duration_us=longest)
        assert differences(options, folder, cluster(**cut)) == []


@pytest.mark.parametrize("name", some(PAIRS, *PAIRS[::6]))
def test_golden_logs(name: str, tmp_path: Path) -> None:
    told = GOLD[name]["options"]
    day = date.fromisoformat(told["day"]) if "day" in told else None
    options = options_of(GOLDEN / f"{name}.log", name, day, told.get("head", ""))
    assert differences(options, tmp_path, cluster()) == []
    narrowed = msgspec.structs.replace(options, narrowing=Narrowing(where="status=200"), collapse_ids=True)
    assert differences(narrowed, tmp_path / "narrowed", cluster()) == []


def entries(side: str, count: int, chance: Random) -> list[str]:
    """Lines of one side: ids come again near and far, and some have no partner."""
    values = ["user-1", "user-2", "", "-"] if side == "request" else ["200", "404", "503", "-1"]
    lines = []
    for number in range(count):
        name = chance.choice([f"r{number}", f"r{number}", f"r{number % 7}", "always", f"{side}{number}"])
        second = number // 9 + (side == "response")
        stamp = f"2025-03-01T12:{second // 60:02}:{second % 60:02}.{chance.randrange(1000):03}Z"
        lines.append(f"{stamp},{name},{chance.choice(values)}" if chance.random() < 0.97 else "no entry")
    return lines


def written(folder: Path, side: str, files: Sequence[Sequence[str]], ending: str) -> tuple[str, ...]:
    paths = []
    for number, lines in enumerate(files):
        text = "".join(f"{line}\n" for line in lines).encode()
        path = folder / f"{side}-{number}.log{ending}"
        if ending == ".gz":
            half = len(text) // 2
            text = gzip.compress(text[:half]) + gzip.compress(text[half:])
        elif ending == ".zst":
            text = b"".join(zstandard(text[at : at + 700]) for at in range(0, len(text), 700))
        path.write_bytes(text)
        paths.append(str(path))
    return tuple(paths)


@pytest.mark.parametrize(
    ("pairing", "ending"),
    some(
        [(pairing, ending) for pairing in ("in-order", "nearest", "first", "last") for ending in ("", ".gz", ".zst")],
        *[("in-order", ".gz"), ("nearest", ""), ("last", ".zst")],
    ),
)
def test_many_files(pairing: Any, ending: str, tmp_path: Path) -> None:
    chance = Random(f"{pairing}{ending}")
    sides = {}
    for side in ("request", "response"):
        lines = entries(side, 160, chance)
        cuts = sorted(chance.sample(range(len(lines)), 5))
        files = [lines[start:stop] for start, stop in pairwise([0, *cuts, len(lines)])]
        files.insert(3, [])
        files[4].insert(0, "time,request_id,value")
        sides[side] = written(tmp_path, side, files, ending)
    options = CorrelateOptions(
        requests=sides["request"],
        responses=sides["response"],
        pairing=pairing,
        max_duration_us=20_000_000,
        skew_us=-250_000,
        edge_us=3_000_000,
        memory_bytes=MEMORY,
    )
    for small in (False, True):
        with rooms(small=small):
            assert differences(options, tmp_path / str(small), cluster(split_bytes=chance.randrange(400, 3000))) == []


class _AnyOrder:
    """An engine that runs every step twice, in any order."""

    slots = 3
    advice = ""

    def __init__(self) -> None:
        self.said: dict[int, str] = {}
        self._chance = Random(7)

    def run(self, items: Sequence[Item]) -> Iterator[int]:
        order = [*items, *items]
        self._chance.shuffle(order)
        yield from map(run_item, order)

    def close(self) -> None:
        """Has nothing to end."""


def test_steps_in_any_order_and_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = Random(3)
    requests, responses = (
        written(tmp_path, side, [entries(side, 150, chance)], "") for side in ("request", "response")
    )
    monkeypatch.setattr(job, "open_engine", lambda _: _AnyOrder())
    options = CorrelateOptions(requests=requests, responses=responses, memory_bytes=MEMORY)
    assert differences(options, tmp_path, cluster(split_bytes=2_000, buckets=5)) == []


@pytest.mark.parametrize("form", ["%d/%b/%Y %H:%M:%S", "rfc3339"])
def test_clocks_of_whole_seconds(form: str, tmp_path: Path) -> None:
    """Equal lines of such logs are several events, which go by the order of the lines of the whole log."""
    chance = Random(form)
    lines = []
    for number in range(200):
        stamp = f"01/Mar/2025 12:00:{number // 20:02}" if "%" in form else f"2025-03-01T12:00:{number // 20:02}Z"
        kind = chance.choice(["in", "in", "out"])
        status = f" status={chance.choice((200, 503))}" if kind == "out" else ""
        lines.append(f'time="{stamp}" id=r{chance.randrange(5)} kind={kind}{status}')
    log = app_logs.write(tmp_path / "app.log", lines)
    reading = Reading(
        fields=f"time=time:{form} id=id status=status", where_request="kind=in", where_response="kind=out"
    )
    options = CorrelateOptions(log=(log,), reading=reading, memory_bytes=MEMORY)
    for pairing in ("in-order", "nearest"):
        own = msgspec.structs.replace(options, pairing=pairing)
        assert differences(own, tmp_path / pairing, cluster(split_bytes=500, buckets=3)) == []


LOGS = {"fastify": app_logs.fastify, "docker": lambda: app_logs.in_docker(app_logs.fastify())}


@pytest.mark.parametrize("name", LOGS)
def test_logs_of_applications(name: str, tmp_path: Path) -> None:
    log = app_logs.write(tmp_path / "app.log", LOGS[name]())
    options = CorrelateOptions(log=(log,), memory_bytes=MEMORY, collapse=("^/=root",), suspicious=1)
    assert differences(options, tmp_path, cluster(split_bytes=1_500, buckets=3)) == []


@pytest.mark.parametrize("names", [("rails", "rails"), ("sidekiq", "sidekiq")])
def test_logs_whose_files_depend_on_each_other(names: tuple[str, ...], tmp_path: Path) -> None:
    paths = []
    for number, name in enumerate(names):
        path = tmp_path / f"{number}.log"
        path.write_bytes((GOLDEN / f"{name}.log").read_bytes())
        paths.append(str(path))
    options = CorrelateOptions(log=tuple(paths), form=names[0], memory_bytes=MEMORY)
    assert differences(options, tmp_path, cluster(split_bytes=200)) == []


def test_cut_work_is_within_limits() -> None:
    for slots in (1, 8, 1000):
        for text_bytes in (0, 1 << 20, 1 << 34, 1 << 42):
            how = cluster(split_bytes=0, buckets=0)
            size = cut_work.split_bytes(text_bytes, slots, how)
            splits = text_bytes // size + 1
            sizes = cut_work.sizes(text_bytes, splits, slots, how)
            assert sizes.buckets >= 1
            assert splits * sizes.buckets <= max(splits, 1_000_000)
