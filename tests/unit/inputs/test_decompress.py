"""Compressed logs: all that is valid is read to its end, and what is broken names the file and how far it was read."""

import gzip
import itertools
import json
import random
import re
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from logcorr.inputs import gzip_members
from tests.support.helpers import REQUESTS, RESPONSES, assert_short_error, files_of, kept, logcorr, succeed, zstandard
from tests.support.kernels_or_numpy import some

ROWS = 25_000
_chance = random.Random(3)
BIG = "".join(
    f"2025-03-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z,{_chance.getrandbits(64):016x},u\n" for n in range(ROWS)
).encode()
SIZES = {"small": REQUESTS, "big": BIG}
# A frame that says of itself that it is to be skipped.
SKIPPED = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"


def summed(raw: bytes) -> bytes:
    """As one zst frame with a checksum."""
    return zstandard(raw, checksum=True)


def split(raw: bytes, pack: Callable[[bytes], bytes]) -> bytes:
    """As several members, cut in the middle of lines; some are empty."""
    cuts = [0, len(raw) // 3, len(raw) // 2 + 1, len(raw)]
    parts = [raw[a:b] for a, b in itertools.pairwise(cuts)]
    return b"".join(pack(part) for part in [b"", *parts, b""])


SOUND: dict[str, Callable[[bytes], bytes]] = {
    "members.gz": lambda raw: split(raw, gzip.compress),
    "padded.gz": lambda raw: gzip.compress(raw) + b"\0" * 512,
    "frames.zst": lambda raw: split(raw, zstandard),
    "sum.zst": summed,
    "skipped last.zst": lambda raw: zstandard(raw) + SKIPPED,
    "skipped first.zst": lambda raw: SKIPPED + zstandard(raw),
    "skipped first.log": lambda raw: SKIPPED * 2 + zstandard(raw),
}
BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "more behind.gz": lambda raw: gzip.compress(raw) + b"more",
    "text behind.gz": lambda raw: gzip.compress(raw) + REQUESTS,
    "more behind zeros.gz": lambda raw: gzip.compress(raw) + b"\0" * 512 + b"x",
    "half a head behind.gz": lambda raw: gzip.compress(raw) + gzip.compress(raw)[:7],
    "more behind.zst": lambda raw: zstandard(raw) + b"more",
    "zeros behind.zst": lambda raw: zstandard(raw) + b"\0" * 16,
    "half a head behind.zst": lambda raw: zstandard(raw) + zstandard(raw)[:3],
    "another sum.zst": lambda raw: summed(raw)[:-1] + bytes([summed(raw)[-1] ^ 1]),
}


def read(here: Path, name: str) -> tuple[str, dict[str, Any]]:
    """The orphans and the counts that come of a request log, as if it were the plain one."""
    (here / "responses.log").write_bytes(RESPONSES)
    words = ("--orphans", "orphans.json", "--report", "report.json", "--sort", "time")
    succeed("correlate", name, "responses.log", *words, cwd=here)
    counts = json.loads((here / "report.json").read_bytes())["inputs"]["requests"]
    orphans = (here / "orphans.json").read_text(encoding="utf8").replace(name, "plain.log")
    return orphans, {**counts, "files": 0, "bytes": 0}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[str, dict[str, Any]]]:
    """What comes of the same log as plain text."""

    def of(size: str) -> tuple[str, dict[str, Any]]:
        here = tmp_path_factory.mktemp("plain")
        (here / "plain.log").write_bytes(SIZES[size])
        return read(here, "plain.log")

    return cache(of)


@pytest.fixture(params=["zlib", "as installed"])
def _inflating(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What inflates gzip files: zlib, and ISA-L where it is installed."""
    if request.param == "zlib":
        monkeypatch.setattr(gzip_members, "inflating_library", lambda: zlib)


@pytest.mark.usefixtures("_inflating")
@pytest.mark.parametrize(
    ("name", "size"),
    some(
        itertools.product(SOUND, SIZES),
        *((name, "small") for name in SOUND),
        *((name, "big") for name in ("members.gz", "frames.zst")),
    ),
)
def test_every_member_and_frame_is_read(
    tmp_path: Path, name: str, size: str, plain: Callable[[str], tuple[str, dict[str, Any]]]
) -> None:
    raw = SIZES[size]
    (tmp_path / name).write_bytes(SOUND[name](raw))
    found = read(tmp_path, name)
    assert found == plain(size)
    assert found[1]["lines"] == raw.count(b"\n")


@pytest.mark.usefixtures("_inflating")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_names_the_file_and_how_far_it_was_read(tmp_path: Path, name: str, size: str) -> None:
    raw = SIZES[size]
    (tmp_path / name).write_bytes(BROKEN[name](raw))
    (tmp_path / "responses.log").write_bytes(RESPONSES)
    before = files_of(tmp_path)
    outcome = logcorr("correlate", name, "responses.log", "-o", "out.csv", cwd=tmp_path, LOGCORR_BUCKETS="3")
    assert outcome.code == 2, outcome.err
    assert_short_error(outcome, name, "broken or cut off")
    found = re.search(r"after ([\d,]+) bytes of text", outcome.err)
    assert found is not None
    assert 0 <= int(found[1].replace(",", "")) <= 2 * len(raw)
    if "behind" in name and "half" not in name:
        assert int(found[1].replace(",", "")) == len(raw), "all of the text was there"
    assert files_of(tmp_path) == before
    assert kept(tmp_path) == []
