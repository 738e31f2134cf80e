"""What the readers of profiles say of each line of a log: both executors through the whole way from a file, and the oracle.

A reading is a list with a value for each line: its class or its reason, or the list of what an entry holds.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import polars as pl

from logcorr.formats import profile_checks, profile_reader, profile_toml
from logcorr.formats.profile import Profile
from logcorr.formats.profile_reader import EVENTS, ProfileReader, ReadOptions
from logcorr.inputs.file_form import FileForm
from logcorr.inputs.files import resolve
from logcorr.inputs.log_reader import LogReader, LogResult
from logcorr.inputs.reading_progress import SideProgress
from logcorr.model.ledger import Log
from tests.oracle.profile_oracle import Line, read

_VALUES = ("request_id", "time", "user_id", "status_code", "given_us")
Reading = list[Any]
KERNELS, ORACLE = "kernels/definition", "definition/oracle"


class NoProgress:
    """Takes reports of progress, and does nothing with them."""

    def __init__(self) -> None:
        self.sides: dict[Log, SideProgress] = {}

    def tap(self) -> None:
        """Nothing is shown."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """No time is counted."""
        return nullcontext(None) if name else nullcontext()


def profile_of(table: Mapping[str, Any], name: str = "made") -> Profile:
    """The profile in a table, checked like one in a file. Raises UsageError."""
    profile = profile_toml.read_table(name, dict(table), "made up")
    profile_checks.check(profile)
    return profile


@contextmanager
def careful() -> Iterator[None]:
    """Within it, polars executes every profile: the definition of what a profile reads."""
    with patch.object(profile_reader, "executes", lambda _profile: False):
        yield


def engine_reading(
    profile: Profile,
    files: Sequence[bytes],
    options: ReadOptions = ReadOptions(),  # noqa: B008 - it is frozen
    *,
    heads: tuple[str, ...] = (),
    chunk_bytes: int = 1 << 20,
) -> Reading:
    """What the engine says of each line of some files, by the executor of the surroundings (see `careful`)."""
    with TemporaryDirectory(prefix="logcorr-") as folder:
        return read_files(profile, _written(Path(folder), files), options, heads=heads, chunk_bytes=chunk_bytes)[0]


def _written(folder: Path, files: Sequence[bytes]) -> list[str]:
    names = []
    for number, content in enumerate(files):
        path = folder / f"{number}.log"
        path.write_bytes(content)
        names.append(str(path))
    return names


def read_files(
    profile: Profile, names: Sequence[str], options: ReadOptions, *, heads: tuple[str, ...] = (), chunk_bytes: int
) -> tuple[Reading, LogResult]:
    """What the engine says of each line of the files that are named; and the result of reading, whose counts add up."""
    form = FileForm(reader=ProfileReader(profile, options), heads=heads)
    with TemporaryDirectory(prefix="logcorr-") as folder:
        found = resolve("log", tuple(names))
        reader = LogReader("log", [form], found, Path(folder) / "r", NoProgress(), chunk_bytes=chunk_bytes, threads=2)
        said: dict[int, Any] = {}
        for entries in reader.entries():
            for event, frame in entries.items():
                assert event in EVENTS
                said |= {row["row"]: _entry(event, row, profile) for row in frame.iter_rows(named=True)}
        result = reader.finish()
        for row, reason in result.rejects.select("row", "reason").collect().iter_rows():
            assert row not in said, f"row {row} is an entry and malformed"
            said[row] = reason
        for row in result.others.select(pl.col("row")).collect().to_series():
            assert row not in said, f"row {row} is {said[row]} and other"
            said[row] = "other"
    counts, lines = result.counts, sum(result.lines_read.lines)
    silent = [row for row in range(lines) if row not in said]
    assert len(silent) == counts["blank"] + counts["header"], (silent, counts)
    kinds = ("blank", "header", "other", "malformed", "requests", "responses", "exchanges")
    assert sum(counts[kind] for kind in kinds) == lines
    return [said.get(row, "nothing") for row in range(lines)], result


def _entry(event: str, row: Mapping[str, Any], profile: Profile) -> Any:
    attributes = {name: row[name] for name in profile.attribute_names if row.get(name) is not None}
    return [event, *(row.get(name) for name in _VALUES), bool(row.get("weak")), attributes]


def oracle_reading(table: Mapping[str, Any], files: Sequence[bytes], day: date | None = None) -> Reading:
    """What the oracle says of each line of some files."""
    return [_of_oracle(line) for line in read(table, files, day=day)]


def _of_oracle(line: Line) -> Any:
    if line.kind != "entry":
        return "nothing" if line.kind in ("blank", "header") else line.reason or line.kind
    values = [line.id or None, line.at, line.user, line.status, line.given_us, line.weak]
    return [line.event, *values, dict(line.attributes)]


def differences(one: Reading, other: Reading, lines: Sequence[bytes], names: str) -> list[str]:
    """Where two readings of the same lines differ, in words."""
    if len(one) != len(other):
        return [f"{names}: {len(one)} and {len(other)} lines"]
    # The oracle has a reason of its own for lines of csv that are too short; the reader says what they lack.
    short = {row for row, said in enumerate(other) if said == "fields" and names == ORACLE}
    return [
        f"{names}, line {row + 1} {lines[row][:400]!r}: {first} and {second}"
        for row, (first, second) in enumerate(zip(one, other, strict=True))
        if first != second and row not in short
    ]
