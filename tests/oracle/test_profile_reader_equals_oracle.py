"""The reader of profiles says of every line what the plain oracle says, whoever executes the profile."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

from logcorr.formats.log_clock import LogClock
from logcorr.formats.profile import Profile
from logcorr.formats.profile_reader import EVENTS, ProfileReader, ReadOptions
from logcorr.formats.profile_registry import Registry
from tests.oracle.golden_formats import GOLDEN, profiles
from tests.oracle.profile_oracle import ANSI, Line, read
from tests.support.profile_logs import ProfileCase, golden, profile_cases

REGISTRY = Registry(())
# A refused log is only recognised. Where a directive names the columns, a spoilt line above changes all below.
NAMES = tuple(
    name
    for name, table in profiles().items()
    if "refusal" not in table and "fields_line" not in table and "@time" not in str(table.get("time"))
)


def by_reader(profile: Profile, log: bytes, day: str | None) -> list[Any]:
    """What the reader says of each line of one file."""
    reader = ProfileReader(profile, ReadOptions(date=day))
    raw = log.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    texts = [ANSI.sub("", line.removesuffix(b"\r").decode(errors="replace")) for line in (raw if raw[-1] else raw[:-1])]
    schema = {"line": pl.String, "row": pl.UInt32}
    lines = reader.classify(pl.DataFrame({"line": texts, "row": range(len(texts))}, schema=schema))
    if reader.in_order:
        lines = LogClock(day).apply(lines)
    names = profile.attribute_names
    return [_of_reader(line, names) for line in lines.sort("row").iter_rows(named=True)]


def _of_reader(line: dict[str, Any], names: tuple[str, ...]) -> Any:
    if line["kind"] not in EVENTS:
        return line["reason"] or ("other" if line["kind"] == "restart" else line["kind"])
    no_time = line.get("previous") and line["time"] is None
    if line["reason"] or no_time:
        return line["reason"] or "timestamp"
    values = [line[name] for name in ("kind", "request_id", "time", "user_id", "status_code", "given_us", "weak")]
    values[-1] = bool(values[-1])
    return [*values, {name: line[name] for name in names if line[name] is not None}]


def _of_oracle(line: Line) -> Any:
    if line.kind != "entry":
        return line.reason or line.kind
    values = [line.event, line.id or None, line.at, line.user, line.status, line.given_us, line.weak]
    return [*values, dict(line.attributes)]


def check(case: ProfileCase) -> None:
    day = str(case.day) if case.day else None
    expected = [_of_oracle(line) for line in read(case.table, [case.log], day=case.day)]
    found = by_reader(REGISTRY.get(case.name), case.log, day)
    for row, (one, other) in enumerate(zip(found, expected, strict=True), 1):
        assert one == other, f"line {row} by {case.name}: {case.log.split(bytes([10]))[row - 1]!r}"


@pytest.mark.parametrize("name", NAMES)
def test_golden_logs(name: str) -> None:
    check(ProfileCase(name, (GOLDEN / f"{name}.log").read_bytes(), golden(name)[1], profiles()[name]))


@given(profile_cases(NAMES))
@settings(max_examples=150)
def test_spoilt_logs(case: ProfileCase) -> None:
    check(case)
