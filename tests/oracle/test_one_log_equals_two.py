"""One log with both events gives what the two logs give that are split out of it, and what the plain oracle pairs.

The lines are of made-up logs in which ids come again, entries stand at one instant, and lines are out of order.
"""

import json
import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.jobs.correlate import correlate
from logcorr.model.options import CorrelateOptions, Output, Reading
from tests.oracle.profile_oracle import read
from tests.oracle.profile_pairing import pair
from tests.support.kernels_or_numpy import search, some

PROFILE = """[both]
syntax = "json"
time = { field = "t", form = "epoch_ms" }
id = ["pid", "id"]
user = "user"
[[both.rule]]
event = "request"
where = { ev = "in" }
endpoint = "url"
[[both.rule]]
event = "response"
where = { ev = "out" }
status = { field = "code", null = "none" }
duration = { field = "took", unit = "ms" }
[[both.rule]]
event = "response"
where = { ev = "late" }
status = 500
weak = true
"""
TABLE = tomllib.loads(PROFILE)["both"]
PAIRINGS = ("in-order", "nearest", "first", "last")
VIEWS = ("exchanges", "orphans", "duplicates", "malformed")
_PLACES = ("file", "line", "request_file", "request_line", "response_file", "response_line", "side")


def made_lines(chance: Random) -> list[dict[str, Any] | str]:
    """Entries with few ids and few instants, and lines of other kinds; no two lines are the same."""
    lines: list[dict[str, Any] | str] = []
    for number in range(chance.randint(1, 60)):
        event = chance.choice(("in", "in", "in", "out", "out", "out", "late"))
        line: dict[str, Any] = {
            "n": number,
            "ev": event,
            "pid": chance.choice((1, 1, 2)),
            "id": f"q{chance.randrange(6)}",
            "t": 1_772_600_000_000
            + chance.choice((0, 1, 5, 5, 1000, 2000, 61_000))
            + chance.choice((0, number, number * 100)),
        }
        if event == "in":
            line |= {"url": chance.choice(("/a", "/b?x", "/c")), "user": chance.choice(("ann", "bob", None))}
        elif event == "out":
            line |= {"code": chance.choice((200, 200, 404, 503, None)), "took": chance.choice((5, 250.5, None))}
        lines.append(
            chance.choice((line, line, line, line, line, line, {**line, "t": "soon"}, f"a banner {number}", ""))
        )
    return lines


def is_of(line: dict[str, Any] | str, side: str) -> bool:
    """Whether a line belongs into the log of a side; what is no event belongs into the requests' log."""
    event = line["ev"] if isinstance(line, dict) else "in"
    return (event == "in") is (side == "requests")


def as_log(lines: list[dict[str, Any] | str]) -> bytes:
    return "".join((json.dumps(line) if isinstance(line, dict) else line) + "\n" for line in lines).encode()


def run(folder: Path, name: str, **options: Any) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """The report, and the records of every view."""
    outputs = tuple(
        Output(
            view=view,  # type: ignore[arg-type]
            path=f"{folder}/{name}-{view}.ndjson",
            columns=("duration_us", "request_time", "response_time", "request_line", "response_line")
            if view == "exchanges"
            else (),
        )
        for view in VIEWS
    )
    (folder / "both.toml").write_text(PROFILE)
    given_options = CorrelateOptions(
        form="both",
        reading=Reading(files=(f"{folder}/both.toml",)),
        memory_bytes=512 << 20,
        store=f"{folder}/store",
        keep=False,
        outputs=outputs,
        **options,
    )
    report: dict[str, Any] = msgspec.to_builtins(correlate(given_options).report)
    records = {str(one.view): [json.loads(line) for line in Path(one.path).read_text().splitlines()] for one in outputs}
    return report, records


def comparable(records: list[dict[str, Any]], keep: tuple[str, ...] = ("side",)) -> Counter[str]:
    """Records without what says where a line stands."""
    return Counter(
        json.dumps({key: value for key, value in record.items() if key in keep or key not in _PLACES})
        for record in records
    )


def slow_without_places(report: dict[str, Any]) -> dict[str, Any]:
    """The report without its inputs and run, and without lines and files of single exchanges.

    Warnings are of the shares of the lines of a log, as the inputs are.
    """
    rest = {key: value for key, value in report.items() if key not in ("inputs", "run", "slowest", "warnings")}
    return rest | {"slowest": sorted(comparable(report["slowest"]).elements())}


@given(st.randoms(use_true_random=False), st.sampled_from(PAIRINGS), st.sampled_from((None, 700_000)))
@search(6)
def test_one_log_equals_the_two_logs_of_its_sides(chance: Random, pairing: str, max_duration: int | None) -> None:
    lines = made_lines(chance)
    if not any(is_of(line, "responses") for line in lines) or not any(isinstance(line, dict) for line in lines):
        return
    with TemporaryDirectory(prefix="logcorr-") as name:
        folder = Path(name)
        (folder / "all.log").write_bytes(as_log(lines))
        for side in ("requests", "responses"):
            (folder / f"{side}.log").write_bytes(as_log([line for line in lines if is_of(line, side)]))
        options = {"pairing": pairing, "max_duration_us": max_duration, "edge_us": 1_000_000}
        try:
            one, of_one = run(folder, "one", log=(f"{folder}/all.log",), **options)
        except Exception as error:
            if "one id is on" in str(error) or "no line is" in str(error):
                return
            raise
        sides = {side: (f"{folder}/{side}.log",) for side in ("requests", "responses")}
        two, of_two = run(folder, "two", **sides, **options)
        for view in VIEWS:
            keep = () if view == "malformed" else ("side",)
            assert comparable(of_one[view], keep) == comparable(of_two[view], keep), view
        assert slow_without_places(one) == slow_without_places(two)
        for side in ("requests", "responses"):
            settled = ("entries", "redelivered", "superseded", "matched", "orphans", "surplus")
            ours, theirs = one["inputs"][side], two["inputs"][side]
            assert {key: ours[key] for key in settled} == {key: theirs[key] for key in settled}
        against_oracle(lines, pairing, of_one, without_limit=max_duration is None)


def against_oracle(
    lines: list[Any], pairing: str, found: dict[str, list[dict[str, Any]]], *, without_limit: bool
) -> None:
    """The pairs by line and the orphans are those of the oracle."""
    if not without_limit:
        return
    paired = pair(read(TABLE, [as_log(lines)]), pairing)
    expected = sorted((request.row, response.row) for request, response in paired.matched)
    assert sorted((one["request_line"], one["response_line"]) for one in found["exchanges"]) == expected
    orphans = sorted(one.row for one in (*paired.orphan_requests, *paired.orphan_responses))
    assert sorted(one["line"] for one in found["orphans"]) == orphans


@pytest.mark.parametrize("pairing", some(PAIRINGS, "nearest"))
def test_parts_of_the_work_give_the_same(pairing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for seed in range(4) for line in made_lines(Random(f"{pairing} {seed}"))]
    (tmp_path / "all.log").write_bytes(as_log(lines))
    plain, of_plain = run(tmp_path, "plain", log=(f"{tmp_path}/all.log",), pairing=pairing)
    monkeypatch.setenv("LOGCORR_CHUNK_BYTES", "4000")
    monkeypatch.setenv("LOGCORR_BUCKETS", "3")
    parts, of_parts = run(tmp_path, "parts", log=(f"{tmp_path}/all.log",), pairing=pairing)
    assert slow_without_places(plain) == slow_without_places(parts)
    assert plain["inputs"] == parts["inputs"]
    for view in VIEWS:
        assert comparable(of_plain[view], ("side", *_PLACES)) == comparable(of_parts[view], ("side", *_PLACES))


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_order_and_files_do_not_matter(pairing: str, tmp_path: Path) -> None:
    chance = Random(pairing)
    lines = [line for seed in range(3) for line in made_lines(Random(f"{pairing} {seed}"))]
    (tmp_path / "all.log").write_bytes(as_log(lines))
    in_order, of_order = run(tmp_path, "in-order", log=(f"{tmp_path}/all.log",), pairing=pairing)
    chance.shuffle(lines)
    cuts = sorted(chance.randrange(len(lines)) for _ in range(2))
    names = []
    for number, (start, stop) in enumerate(pairwise([0, *cuts, len(lines)])):
        names.append(f"{tmp_path}/{number}.log")
        Path(names[-1]).write_bytes(as_log(lines[start:stop]))
    shuffled, of_shuffled = run(tmp_path, "shuffled", log=tuple(names), pairing=pairing)
    assert slow_without_places(in_order) == slow_without_places(shuffled)
    for view in VIEWS:
        assert comparable(of_order[view]) == comparable(of_shuffled[view]), view
