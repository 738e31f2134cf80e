"""A log of more lines than can be numbered ends with an error that says so: no number wraps, and nothing is kept."""

from pathlib import Path

import msgspec
import pytest

from logcorr.inputs import line_numbers
from logcorr.jobs.analyze import analyze
from logcorr.jobs.correlate import correlate
from logcorr.model.errors import InputError
from logcorr.model.options import AnalyzeOptions, CorrelateOptions
from tests.support.kernels_or_numpy import without_kernels

LINES = 3000
MEMORY = 1 << 30


@pytest.fixture(params=["kernels", "numpy"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small chunks, so that the limit is met within a log, with kernels and without."""
    monkeypatch.setenv("LOGCORR_CHUNK_BYTES", "4000")
    if request.param == "numpy":
        without_kernels(monkeypatch)


def written(path: Path, *lines: str) -> tuple[str]:
    path.write_text("".join(f"{line}\n" for line in lines))
    return (str(path),)


def pair(here: Path) -> CorrelateOptions:
    second = "2026-03-04T09:{:02}:{:02}Z,r{}"
    ids = [second.format(number // 60, number % 60, number) for number in range(LINES)]
    return CorrelateOptions(
        requests=written(here / "requests.log", *(f"{line},u" for line in ids)),
        responses=written(here / "responses.log", *(f"{line},200" for line in ids[:10])),
        memory_bytes=MEMORY,
        store=str(here / "store"),
    )


def access(here: Path) -> AnalyzeOptions:
    line = '10.0.0.1 - - [04/Mar/2026:09:{:02}:{:02} +0000] "GET /{} HTTP/1.1" 200 12'
    lines = [line.format(number // 60, number % 60, number) for number in range(LINES)]
    return AnalyzeOptions(files=written(here / "access.log", *lines), memory_bytes=MEMORY, store=str(here / "store"))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("over", [True, False], ids=["over", "at the limit"])
def test_a_pair(threads: int, over: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_numbers, "MOST_LINES", LINES - over)
    options = pair(tmp_path)
    options = msgspec.structs.replace(options, threads=threads)
    if not over:
        assert correlate(options).report.inputs.requests.lines == LINES
        return
    with pytest.raises(InputError, match=r"^the request log has more than 2,999 lines, .* Split it by time\.$"):
        correlate(options)
    assert list((tmp_path / "store").iterdir()) == []


@pytest.mark.parametrize("over", [True, False], ids=["over", "at the limit"])
def test_an_access_log(over: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_numbers, "MOST_LINES", LINES - over)
    if not over:
        assert analyze(access(tmp_path)).report.inputs.access.lines == LINES
        return
    with pytest.raises(InputError, match="the access log has more than 2,999 lines"):
        analyze(access(tmp_path))
    assert list((tmp_path / "store").iterdir()) == []
