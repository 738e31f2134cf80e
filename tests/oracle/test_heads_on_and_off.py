"""A log is read the same with the heads of collectors before its lines as without: the same format, classes, entries."""

import json
from pathlib import Path

import msgspec
import pytest

from logcorr.formats import profile_checks
from logcorr.formats.profile_reader import ReadOptions
from logcorr.formats.profile_registry import Registry
from logcorr.inputs.files import resolve
from logcorr.jobs.tell_logs import Teller, ToldFormat, sample
from logcorr.model.options import Reading
from tests.oracle.golden_formats import GOLDEN, profiles
from tests.support.kernels_or_numpy import some
from tests.support.profile_logs import golden
from tests.support.readings import differences, read_files
from tests.support.wrapped import WRAPS, wrapped

REGISTRY = Registry(())
# Logs of the other profiles have heads already, or cannot be read.
READABLE = tuple(
    name
    for name, table in profiles().items()
    if "refusal" not in table and "head" not in json.loads((GOLDEN / f"{name}.json").read_text())["options"]
)
# An address that begins with a number and a colon may as well follow the number of a line.
AMBIGUOUS = ("grep", 0, "tomcat")
CASES = [
    case
    for head, ways in WRAPS.items()
    for number in range(len(ways))
    for name in READABLE
    if (case := (head, number, name)) != AMBIGUOUS
]
# Each way with some profiles, and each profile with some way.
SHORT = [case for place, case in enumerate(CASES) if place % 61 == 0]


def lines_of(name: str) -> list[bytes]:
    return (GOLDEN / f"{name}.log").read_bytes().rstrip(b"\n").split(b"\n")


def told(path: Path, name: str) -> ToldFormat:
    """The format that is told for a file, with the date that its profile needs."""
    day = golden(name)[1]
    reading = Reading(date=str(day) if day else None)
    is_pair = REGISTRY.get(name).is_pair
    teller = Teller(REGISTRY, reading, ReadOptions(date=reading.date), pairs=is_pair)
    return teller.format_of(sample(resolve("log", (str(path),)), reading), None)


@pytest.mark.parametrize(("head", "number", "name"), some(CASES, *SHORT))
def test_heads_change_nothing(head: str, number: int, name: str, tmp_path: Path) -> None:
    lines = lines_of(name)
    (tmp_path / "plain.log").write_bytes(b"\n".join([*lines, b""]))
    (tmp_path / "headed.log").write_bytes(wrapped(lines, WRAPS[head][number]))
    day = golden(name)[1]
    options = ReadOptions(date=str(day) if day else None)
    plain, headed = told(tmp_path / "plain.log", name), told(tmp_path / "headed.log", name)
    assert headed.heads == (head,)
    assert plain.heads == ()
    assert plain.profile.name == headed.profile.name
    usable = profile_checks.usable(plain.profile, wrapper_gives_time=False)
    # A collector mixes the lines of several programs: no profile is strict behind its heads.
    assert not headed.profile.strict
    usable = msgspec.structs.replace(usable, strict=False)
    without, counts = read_files(usable, [str(tmp_path / "plain.log")], options, chunk_bytes=1 << 20)
    within, same = read_files(headed.profile, [str(tmp_path / "headed.log")], options, heads=(head,), chunk_bytes=300)
    assert differences(within, without, lines, f"{name} within {head}") == []
    assert counts.counts == same.counts


def test_parts_of_a_line_are_joined(tmp_path: Path) -> None:
    lines = lines_of("fastify")
    at = "2026-02-03T10:00:00.000000001Z stdout"
    headed = [f"{at} F ".encode() + line for line in lines]
    cut = [
        f"{at} P ".encode() + lines[2][:20],
        f"{at} P ".encode() + lines[2][20:50],
        f"{at} F ".encode() + lines[2][50:],
    ]
    headed[2:3] = cut
    (tmp_path / "headed.log").write_bytes(b"\n".join([*headed, b""]))
    (tmp_path / "plain.log").write_bytes(b"\n".join([*lines, b""]))
    profile = REGISTRY.get("fastify")
    whole, _ = read_files(profile, [str(tmp_path / "plain.log")], ReadOptions(), chunk_bytes=1 << 20)
    for chunk_bytes in (1 << 20, 200):
        joined, result = read_files(
            profile, [str(tmp_path / "headed.log")], ReadOptions(), heads=("cri",), chunk_bytes=chunk_bytes
        )
        assert joined[2:4] == ["other", "other"]
        assert joined[:2] + joined[4:] == whole
        assert sum(result.counts[kind] for kind in ("requests", "responses")) == 8 - whole.count("other") + 2
