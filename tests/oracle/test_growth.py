"""A run that goes on from an earlier one, as its logs have grown, equals a run from scratch, however they grew.

LOGCORR_EXAMPLES=n tries n times as many examples.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import currently_in_test_context, event, given, note
from hypothesis import strategies as st
from msgspec import UNSET

from logcorr.figures import latency_counts, less_sums, pair_sums
from logcorr.formats.profile_reader import ProfileReader, ReadOptions
from logcorr.formats.profile_registry import Registry
from logcorr.jobs import base_run, grow_pairs
from logcorr.jobs import correlate as correlate_module
from logcorr.jobs.correlate import correlate
from logcorr.jobs.job import Result
from logcorr.model.errors import LogcorrError
from logcorr.model.ledger import SIDES
from logcorr.model.options import CorrelateOptions, Pairing, Reading
from logcorr.model.report import Report
from logcorr.runs.run_folder import RunFolder
from tests.oracle.test_cluster_equals_local import entries
from tests.oracle.test_golden_jobs import PAIRS
from tests.support.cluster_runs import MEMORY, compared_runs
from tests.support.kernels_or_numpy import search, some
from tests.support.pair_strategies import Case, cases
from tests.support.profile_logs import ProfileCase, profile_cases

# Profiles of which no line depends on the lines above it.
INDEPENDENT = tuple(
    name for name in PAIRS if not ProfileReader(Registry().get(name), ReadOptions()).depends_on_lines_above
)
SHORT = (0, 1, 2)
Logs = Mapping[Path, bytes]
Made = Result[Report] | LogcorrError


@contextmanager
def small_logs_grow(*, few_counts: bool = False) -> Iterator[None]:
    """Within this context runs on logs of any size are gone on from, whatever is unpaired, and however much is new."""
    with (
        patch.object(grow_pairs, "LEAST_BYTES", 0),
        patch.object(grow_pairs, "MOST_UNPAIRED", 1.0),
        patch.object(grow_pairs, "RECENT", 3),
        patch.object(base_run, "MOST_NEW", 1e9),
        # Else every exchange of a small log is one of the slowest, and none is ever taken out of sums.
        patch.object(pair_sums, "TOP", 2),
        patch.object(less_sums, "TOP", 2),
        patch.object(latency_counts, "MOST_COUNTS", 2 if few_counts else latency_counts.MOST_COUNTS),
    ):
        yield


def made(options: CorrelateOptions, store: Path) -> Made:
    try:
        return correlate(msgspec.structs.replace(options, keep=True, store=str(store), outputs=()))
    except LogcorrError as error:
        return error


def compared(options: CorrelateOptions, grown: Made, folder: Path) -> list[str]:
    """What differs between a run that has grown and one from scratch. Both may say the same error."""
    rmtree(folder / "scratch", ignore_errors=True)
    scratch = made(options, folder / "scratch")
    if isinstance(grown, LogcorrError) or isinstance(scratch, LogcorrError):
        return [] if str(grown) == str(scratch) else [f"grown {grown}, from scratch {scratch}"]
    assert grown.folder is not None
    assert scratch.folder is not None
    (folder / "exports").mkdir(exist_ok=True)
    return compared_runs(options, RunFolder(scratch.folder), RunFolder(grown.folder), folder / "exports")


# How much of a file there is at a time, in eighths, and whether its last line is whole.
Shares = list[list[tuple[int, bool]]]
SHARES = st.lists(
    st.lists(st.tuples(st.integers(3, 8), st.sampled_from([True, True, True, False])), min_size=1, max_size=5),
    min_size=1,
    max_size=3,
)


def end_of(raw: bytes, share: tuple[int, bool]) -> int:
    """Where a file ends that has this share of its bytes."""
    end = share[0] * len(raw) // 8
    return raw.find(b"\n", end) + 1 or len(raw) if share[1] else end


def grow(options: CorrelateOptions, logs: Logs, shares: Shares, folder: Path) -> tuple[str, list[str]]:
    """Runs on more and more of the logs: `shares` has that of each file at each time.

    Returns whether a run has "grown", or all were "from scratch", and what differs at last.
    """
    ends = dict.fromkeys(logs, 0)
    found = "from scratch"
    for number, at_time in enumerate([*shares, [(8, False)]]):
        for place, (path, raw) in enumerate(logs.items()):
            end = max(ends[path], end_of(raw, at_time[place % len(at_time)]))
            if number == 0:
                path.write_bytes(raw[:end])
            elif end > ends[path]:
                with path.open("ab") as stream:
                    stream.write(raw[ends[path] : end])
            ends[path] = end
        grown = made(options, folder / "store")
        if not isinstance(grown, LogcorrError) and grown.report.run.grown_from is not UNSET:
            found = "grown"
    if currently_in_test_context():
        event(found)
    return found, compared(options, grown, folder)


@search(8)
@given(cases(), SHARES, st.booleans())
def test_two_logs(case: Case, shares: Shares, few_counts: bool) -> None:
    note(case.readable())
    with TemporaryDirectory(prefix="logcorr-") as name, small_logs_grow(few_counts=few_counts):
        folder = Path(name)
        options = case.engine_options(folder, [])
        logs = {Path(path): Path(path).read_bytes() for path in (*options.requests, *options.responses)}
        with patch.dict("os.environ", {**case.variables(), "LOGCORR_BUCKETS": ""}):
            assert grow(options, logs, shares, folder)[1] == []


@search(8)
@given(
    profile_cases(INDEPENDENT),
    SHARES,
    st.sampled_from([None, None, "in-order", "nearest", "first", "last"]),
    st.integers(1, 3),
    st.booleans(),
)
def test_one_log(case: ProfileCase, shares: Shares, pairing: Any, files: int, few_counts: bool) -> None:
    note(f"{case}")
    with TemporaryDirectory(prefix="logcorr-") as name, small_logs_grow(few_counts=few_counts):
        folder = Path(name)
        lines = case.log.splitlines(keepends=True)
        logs = {folder / f"{number}.log": b"".join(lines[number::files]) for number in range(files)}
        options = CorrelateOptions(
            log=tuple(map(str, logs)),
            form=case.name,
            pairing=pairing,
            reading=Reading(date=str(case.day) if case.day else None),
            memory_bytes=MEMORY,
        )
        with patch.dict("os.environ", {"LOGCORR_CHUNK_BYTES": "100"}):
            assert grow(options, logs, shares, folder)[1] == []


@pytest.mark.parametrize("seed", some(range(40), *SHORT))
def test_ids_that_come_again_near_and_far(seed: int, tmp_path: Path) -> None:
    chance = Random(seed)
    logs = {}
    for side in SIDES:
        lines = [f"{line}\n" for line in entries(side, chance.randrange(50, 400), chance)]
        files = chance.randrange(1, 4)
        size = -(-len(lines) // files)
        for number in range(files):
            of_file = lines[number::files] if seed % 2 else lines[number * size : (number + 1) * size]
            logs[tmp_path / f"{side}-{number}.log"] = "".join(of_file).encode()
    requests, responses = (tuple(str(path) for path in logs if path.name.startswith(side)) for side in SIDES)
    pairing: Pairing | None = chance.choice((None, "first", "last", "nearest"))
    options = CorrelateOptions(requests=requests, responses=responses, pairing=pairing, memory_bytes=MEMORY)
    shares = [[(chance.randrange(3, 8), chance.random() < 0.8) for _ in logs] for _ in range(chance.randrange(1, 4))]
    with small_logs_grow(few_counts=seed % 3 == 1):
        found, differences = grow(options, logs, shares, tmp_path)
    assert differences == []
    assert found == "grown" or seed not in SHORT


def pair_lines(count: int) -> tuple[bytes, bytes]:
    """A request log and a response log of so many exchanges, with orphans and a malformed line."""
    requests = [f"2025-03-01T12:{n // 60:02}:{n % 60:02}.100Z,r{n},user-{n % 7}\n" for n in range(count)]
    responses = [f"2025-03-01T12:{n // 60:02}:{n % 60:02}.{300 + n % 50}Z,r{n},200\n" for n in range(count) if n % 11]
    return "".join([*requests, "no entry\n"]).encode(), "".join(responses).encode()


def written(folder: Path, share: float) -> CorrelateOptions:
    """Writes the first lines of both logs; the options that read them."""
    logs = {"requests.log": pair_lines(600)[0], "responses.log": pair_lines(600)[1]}
    for name, raw in logs.items():
        lines = raw.splitlines(keepends=True)
        (folder / name).write_bytes(b"".join(lines[: int(len(lines) * share)]))
    requests, responses = ((str(folder / name),) for name in logs)
    return CorrelateOptions(requests=requests, responses=responses, memory_bytes=MEMORY)


@pytest.fixture(autouse=True)
def _chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGCORR_CHUNK_BYTES", "900")


def gone_on(options: CorrelateOptions, folder: Path) -> bool:
    """Whether a run goes on from an earlier one; it equals one from scratch either way."""
    grown = made(options, folder / "store")
    assert not isinstance(grown, LogcorrError)
    assert compared(options, grown, folder) == []
    assert [*(grown.folder or folder).glob("growth/growth.json")]
    said = grown.report.run.grown_from
    assert (said is not UNSET) == any("went on from run" in sentence for sentence in grown.notes)
    return said is not UNSET


def test_a_log_that_grows_again_and_again_is_gone_on_from(tmp_path: Path) -> None:
    with small_logs_grow():
        for share, grows in ((0.6, False), (0.7, True), (0.8, True), (1.0, True)):
            assert gone_on(written(tmp_path, share), tmp_path) == grows


def test_other_options_other_files_and_other_bytes_are_read_from_scratch(tmp_path: Path) -> None:
    options = written(tmp_path, 0.8)
    with small_logs_grow():
        assert not gone_on(options, tmp_path)
        options = written(tmp_path, 0.9)
        assert not gone_on(msgspec.structs.replace(options, skew_us=1), tmp_path)
        log = tmp_path / "responses.log"
        log.write_bytes(log.read_bytes().replace(b"r7,200", b"r7,500"))
        assert not gone_on(options, tmp_path)


def test_a_file_that_was_put_in_the_place_of_a_log_is_another_log(tmp_path: Path) -> None:
    options = written(tmp_path, 0.8)
    with small_logs_grow():
        assert not gone_on(options, tmp_path)
        log = tmp_path / "responses.log"
        edited = tmp_path / "edited"
        edited.write_bytes(log.read_bytes() + b"2025-03-01T12:08:00Z,r1,200\n")
        edited.replace(log)
        assert not gone_on(options, tmp_path)


def test_what_is_damaged_is_not_gone_on_from(tmp_path: Path) -> None:
    options = written(tmp_path, 0.8)
    with small_logs_grow():
        assert not gone_on(options, tmp_path)
        for path in (tmp_path / "store").glob("*/growth/sums.bin"):
            path.write_bytes(b"")
        assert not gone_on(written(tmp_path, 0.9), tmp_path)


@pytest.mark.parametrize("what", ["sums.bin", "request-recent.ipc", "*"])
def test_a_base_run_that_is_removed_meanwhile_or_damaged_within_its_files(tmp_path: Path, what: str) -> None:
    options = written(tmp_path, 0.8)
    find, spoiled = base_run.find_base_run, []

    def found(*given: Any) -> Any:
        base = find(*given)
        if base is None:
            return None  # the run from scratch that is compared with
        spoiled.append(base)
        if what == "*":
            rmtree(base.run.path)
        else:
            file = base.folder.path / what
            file.write_bytes(b"\xff" * file.stat().st_size)
        return base

    with small_logs_grow():
        assert not gone_on(options, tmp_path)
        with patch.object(correlate_module, "find_base_run", found):
            assert not gone_on(written(tmp_path, 0.9), tmp_path)
    assert spoiled


def test_small_logs_keep_nothing_more(tmp_path: Path) -> None:
    result = made(written(tmp_path, 1.0), tmp_path / "store")
    assert not isinstance(result, LogcorrError)
    assert not [*(result.folder or tmp_path).glob("growth")]
