"""The order of lines and files, the number of buckets and the memory budget leave records and report as they are."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import msgspec
from hypothesis import assume, example, given, note
from hypothesis import strategies as st

from logcorr.compute import memory_budget
from logcorr.compute.memory_budget import MemoryPlan
from logcorr.jobs.correlate import correlate
from logcorr.model.options import Output, View
from tests.oracle.pair_oracle import Record
from tests.support.kernels_or_numpy import search
from tests.support.pair_strategies import Case, cases, shuffles

TIMES = ("duration_us", "request_time", "response_time")
PLACES = ("file", "line", "request_file", "request_line", "response_file", "response_line")
VIEWS: tuple[View, ...] = ("exchanges", "orphans", "malformed", "duplicates")
FORMS = ("csv", "json")
MEMORY = 512 << 20


def run(case: Case, folder: Path, outputs: Sequence[Output], memory_bytes: int = MEMORY) -> Record:
    """Runs the engine; the report without what may differ."""
    with patch.dict(os.environ, case.variables()):
        result = correlate(case.engine_options(folder, outputs, memory_bytes))
    report: Record = msgspec.to_builtins(result.report)
    del report["run"]
    for ledger in report["inputs"].values():
        del ledger["files"]
    return report


def contents(outputs: Sequence[Output]) -> dict[str, bytes]:
    return {Path(output.path).name: Path(output.path).read_bytes() for output in outputs}


def placeless(raw: bytes) -> Counter[str]:
    """The records of an NDJSON file without file and line."""
    records = [json.loads(line) for line in raw.split(b"\n")[:-1]]
    return Counter(
        json.dumps({name: value for name, value in record.items() if name not in PLACES}) for record in records
    )


def shuffled_run(
    case: Case, folder: Path, memory_bytes: int
) -> tuple[Record, dict[str, Counter[str]], dict[str, bytes]]:
    """Report, records of every view, and the bytes of the sorted exports that name no file."""
    folder.mkdir()
    free = [Output(view=view, path=f"{folder}/{view}.ndjson", columns=TIMES * (view == "exchanges")) for view in VIEWS]
    fixed = [Output(view="exchanges", path=f"{folder}/sorted.csv", columns=TIMES, sort_time=True)]
    report = run(case, folder, [*free, *fixed], memory_bytes)
    return report, {name: placeless(raw) for name, raw in contents(free).items()}, contents(fixed)


PLAIN = (
    b"2025-03-01T12:00:00Z,a,u\n2025-03-01T12:00:00Z,a,u\n2025-03-01T12:00:00Z,a,\nbad\n",
    b"2025-03-01T12:00:00Z,a,200\n2025-03-01T12:00:01Z,a,200\n2025-03-01T12:00:00Z,b,404\n\xff\n",
)


def backwards(raw: bytes) -> bytes:
    return b"".join(reversed(raw.splitlines(keepends=True)))


SWAPPED = (
    Case((("q", PLAIN[0]),), (("r", PLAIN[1]),)),
    Case((("q", b""), ("p", backwards(PLAIN[0]))), (("r", backwards(PLAIN[1])), ("s", b"")), buckets=4),
)


@search(3)
@given(shuffles(), st.sampled_from((MEMORY, 4 * MEMORY)))
@example(SWAPPED, 2 * MEMORY)
def test_shuffled_and_split_differently(twice: tuple[Case, Case], memory_bytes: int) -> None:
    note("\n".join(case.readable() for case in twice))
    assume(not twice[0].is_garbage)
    with TemporaryDirectory(prefix="logcorr-") as name:
        first = shuffled_run(twice[0], Path(name, "first"), MEMORY)
        second = shuffled_run(twice[1], Path(name, "second"), memory_bytes)
    differing = [key for key in first[0] if first[0][key] != second[0][key]]
    assert not differing, "\n".join(f"{key}: {first[0][key]} against {second[0][key]}" for key in differing)
    for view, records in first[1].items():
        assert records == second[1][view], view
    for form, raw in first[2].items():
        assert raw == second[2][form], form


@search(3)
@given(cases(), st.sampled_from((0, 3)), st.sampled_from((1, 300)))
@example(SWAPPED[0], 3, 1)
@example(SWAPPED[0], 0, 1)
def test_other_buckets_and_chunks_give_the_same_bytes(case: Case, buckets: int, chunk: int) -> None:
    note(case.readable())
    assume(not case.is_garbage)
    with TemporaryDirectory(prefix="logcorr-") as name:
        folder = Path(name)
        made: list[tuple[Record, dict[str, bytes]]] = []
        for number, size, memory_bytes in ((case.buckets, case.chunk, MEMORY), (buckets, chunk, 3 * MEMORY)):
            outputs = [
                Output(view=view, path=f"{folder}/{len(made)}/{view}.{form}", sort_time=True)
                for view, form in [*((view, "ndjson") for view in VIEWS), *(("exchanges", form) for form in FORMS)]
            ]
            (folder / str(len(made))).mkdir()
            one = Case(case.requests, case.responses, **case.options(), buckets=number, chunk=size)
            made.append((run(one, folder, outputs, memory_bytes), contents(outputs)))
    assert made[0][0] == made[1][0]
    for file, raw in made[0][1].items():
        assert raw == made[1][1][file], file


@search(3)
@given(cases(), st.sampled_from((1, 500, 1 << 20)), st.sampled_from((1, 400)), st.sampled_from((1, 3)))
@example(SWAPPED[0], 1, 1, 1)
def test_any_plan_gives_the_same_bytes(case: Case, unpaired_bytes: int, bucket_bytes: int, few: int) -> None:
    note(case.readable())
    assume(not case.is_garbage)
    plan = memory_budget.plan

    def tiny(memory_bytes: int, threads: int) -> MemoryPlan:
        sizes = {"unpaired_bytes": unpaired_bytes, "bucket_bytes": bucket_bytes, "users_room": 0}
        sizes |= dict.fromkeys(("part_rows", "keys_in_memory", "most_counts"), few)
        return msgspec.structs.replace(plan(memory_bytes, threads), **sizes)

    with TemporaryDirectory(prefix="logcorr-") as name:
        folder = Path(name)
        made: list[tuple[Record, dict[str, bytes]]] = []
        for number, planned in enumerate((plan, tiny)):
            outputs = [Output(view=view, path=f"{folder}/{number}/{view}.ndjson", sort_time=True) for view in VIEWS]
            (folder / str(number)).mkdir()
            with patch.object(memory_budget, "plan", planned):
                made.append((run(case, folder, outputs), contents(outputs)))
    assert made[0] == made[1]
