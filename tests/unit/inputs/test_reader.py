"""Lines that are not in a log's common form: those of some chunks are put off until they are worth a closer look."""

import sys
from pathlib import Path

import polars as pl
import pytest

from logcorr.compute import zero_copy_text
from logcorr.inputs import reader
from logcorr.jobs.correlate import correlate
from logcorr.model.options import CorrelateOptions
from tests.support.helpers import start

LINES = 40_000
SHAPES = (
    "2025-11-21 14:00:{s:02}.5,r{n},u",  # another form of time
    "2025-11-21T14:00:{s:02}.500Z,r{n}",  # two fields
    "",  # blank
    "2025-11-21T14:00:{s:02}.500Z,null,u",  # no id
    "2025-11-21T14:00:{s:02}.500Z,r{n},u",  # a short id, in the common form
    "yesterday,r{n},u",  # no time
)


@pytest.mark.parametrize("every", [7, 1000], ids=["many", "few"])
@pytest.mark.parametrize("memory", ["in memory", "spilled"])
@pytest.mark.parametrize("threads", [1, 6])
def test_uncommon_lines_are_accounted_for(
    every: int, memory: str, threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_PUT_OFF_LINES", 10)
    monkeypatch.setenv("LOGCORR_CHUNK_BYTES", "100000")
    if memory == "spilled":
        monkeypatch.setenv("LOGCORR_BUCKETS", "3")
    usual = "2025-11-21T14:00:{s:02}.500Z,a-long-enough-id-{n},u"
    shapes = [SHAPES[n // every % len(SHAPES)] if n % every == 0 else usual for n in range(LINES)]
    text = "\n".join(shape.format(n=n, s=n % 60) for n, shape in enumerate(shapes))
    (tmp_path / "requests").write_text(text + "\n")
    (tmp_path / "responses").write_text("")
    requests, responses = str(tmp_path / "requests"), str(tmp_path / "responses")
    report = correlate(
        CorrelateOptions(
            requests=(requests,), responses=(responses,), memory_bytes=1 << 30, threads=threads, keep=False
        )
    ).report
    counts = {shape: shapes.count(shape) for shape in SHAPES}
    side = report.inputs.requests
    assert side.lines == LINES
    assert side.blank == counts[SHAPES[2]]
    assert side.malformed == {
        "fields": counts[SHAPES[1]],
        "timestamp": counts[SHAPES[5]],
        "request_id": counts[SHAPES[3]],
    }
    assert side.orphans == LINES - side.blank - sum(side.malformed.values())


@pytest.mark.parametrize("rows", [3, 3000])
def test_a_copy_has_the_same_rows(rows: int) -> None:
    whole = pl.DataFrame({"text": [f"line {n}" for n in range(30_000)], "n": [1] * 30_000})
    part = whole.filter(pl.int_range(pl.len()) % (30_000 // rows) == 0)
    assert zero_copy_text.copied(part).equals(part)


_SETS_ASIDE = """
import polars as pl
from pathlib import Path
from logcorr.inputs.refused_lines import SpilledRows
from logcorr.compute.resources import rss
kept = SpilledRows(Path("aside"), 10**9)
text = pl.format("a line of some length, with a number at its end: {}", pl.int_range(20_000)).alias("text")
kept(pl.select(text).filter(pl.int_range(pl.len()) % 200 == 0))
before = rss()
for _ in range(200):
    kept(pl.select(text).filter(pl.int_range(pl.len()) % 200 == 0))
print(rss() - before)
"""


def test_what_is_set_aside_of_a_frame_does_not_hold_the_whole(tmp_path: Path) -> None:
    process = start([sys.executable, "-c", _SETS_ASIDE], tmp_path)
    found, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    # The frames are 270 MB, what is kept of them 1.4 MB; the rest is what the allocator holds back.
    assert int(found) < 60_000_000
