"""Lines that are not in a log's common form: few are put off to the end of the reading, many are taken as they come."""

from pathlib import Path

import pytest

from logcorr import ingest
from logcorr.model import CorrelateOptions
from logcorr.run import correlate

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
def test_uncommon_lines_are_accounted_for(
    every: int, memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "_LATER_IN_MEMORY", 10)
    if memory == "spilled":
        monkeypatch.setenv("LOGCORR_BUCKETS", "3")
    usual = "2025-11-21T14:00:{s:02}.500Z,a-long-enough-id-{n},u"
    shapes = [SHAPES[n // every % len(SHAPES)] if n % every == 0 else usual for n in range(LINES)]
    text = "\n".join(shape.format(n=n, s=n % 60) for n, shape in enumerate(shapes))
    (tmp_path / "requests").write_text(text + "\n")
    (tmp_path / "responses").write_text("")
    requests, responses = str(tmp_path / "requests"), str(tmp_path / "responses")
    report = correlate(
        CorrelateOptions(requests=(requests,), responses=(responses,), memory_bytes=1 << 30, keep=False)
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
