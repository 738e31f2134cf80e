"""The progress sinks: every kind of event, a stderr that goes away, and rich only where a bar is drawn."""

import io
import json
import subprocess
import sys
from typing import Literal

import msgspec
import pytest
from rich.console import Console

from logcorr.commands.progress import BarProgress, JsonProgress, NoProgress, progress_sink
from logcorr.model.events import DoneEvent, EstimateEvent, Event, FileProgress, ProgressEvent
from logcorr.model.report import Heatmap, Timeline

READ = ProgressEvent(
    stage="read",
    bytes_done=500_000_000,
    bytes_total=2_000_000_000,
    lines=12_000_000,
    rows_per_s=3_400_000.0,
    eta_s=12.5,
    buckets_done=0,
    buckets_total=16,
    seconds=4.0,
    rss_bytes=300_000_000,
    memory_bytes=1_000_000_000,
    ledger={"request": {"malformed": 3}, "response": {}},
    files=[FileProgress(side="request", file="a\x1b[2J.log", bytes_done=5, bytes_total=20)],
)
PAIR = msgspec.structs.replace(READ, stage="pair", bytes_done=2_000_000_000, buckets_done=4, eta_s=None)
REPORT = msgspec.structs.replace(PAIR, stage="report", buckets_done=16)
ESTIMATE = EstimateEvent(
    share=0.25,
    matched=990,
    orphans=10,
    negative=0,
    p50_ms=14.0,
    p90_ms=20.0,
    p95_ms=30.0,
    p99_ms=812.0,
    status={"200": 990},
    histogram=[],
    timeline=Timeline(bucket_s=60.0, points=[]),
    heatmap=Heatmap(edges_ms=[], cells=[]),
)
DONE = DoneEvent(run="/runs/1", reused=False, seconds=9.0)
EVENTS: list[Event] = [READ, ESTIMATE, PAIR, REPORT, DONE]


class ClosedStream(io.StringIO):
    """A stderr whose reader has gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    def flush(self) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    def isatty(self) -> bool:
        return True


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def bar_text(*events: Event) -> str:
    """What a bar of 120 columns shows after the events."""
    out = io.StringIO()
    console = Console(file=out, width=120, force_terminal=True, color_system=None, legacy_windows=False)
    with BarProgress(io.StringIO(), console=console) as sink:
        for event in events:
            sink(event)
        out.seek(0)
        out.truncate()
        assert sink._bar is not None
        sink._bar.refresh()
        return out.getvalue()


def test_json_is_one_object_a_line() -> None:
    out = io.StringIO()
    with progress_sink("json", out) as sink:
        for event in EVENTS:
            sink(event)
    lines = out.getvalue().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["progress", "estimate", "progress", "progress", "done"]
    assert msgspec.json.decode(lines[0], type=ProgressEvent) == READ
    assert msgspec.json.decode(lines[1], type=EstimateEvent) == ESTIMATE
    assert msgspec.json.decode(lines[4], type=DoneEvent) == DONE
    assert "\x1b" not in out.getvalue()


def test_json_of_a_file_name_that_is_not_utf8() -> None:
    out = io.StringIO()
    files = [msgspec.structs.replace(READ.files[0], file="a\udcff.log")]
    with JsonProgress(out) as sink:
        sink(msgspec.structs.replace(READ, files=files))
        sink(DONE)
    first, last = out.getvalue().encode("utf-8").splitlines()
    assert msgspec.json.decode(first, type=ProgressEvent).files[0].file == "a?.log"
    assert msgspec.json.decode(last, type=DoneEvent) == DONE


def test_json_is_flushed_at_once() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8")
    with JsonProgress(out) as sink:
        sink(DONE)
        assert raw.getvalue().endswith(b"}\n")


def test_bar_shows_bytes_while_reading() -> None:
    text = bar_text(READ)
    for part in ("reading", "25%", "500 MB of 2 GB", "3.4M lines/s", "12.5s left"):
        assert part in text
    assert "[progress" not in text, "markup of rich itself is not shown"


def test_bar_shows_buckets_and_estimates_while_pairing() -> None:
    text = bar_text(READ, ESTIMATE, PAIR)
    for part in ("pairing", "25%", "4/16 buckets", "p99 ~812ms", "orphans ~1.00 %"):
        assert part in text


def test_bar_shows_other_stages_and_the_end() -> None:
    assert "reporting" in bar_text(READ, REPORT)
    assert "unheard-of" in bar_text(msgspec.structs.replace(READ, stage="unheard-of"))
    assert "100%" in bar_text(*EVENTS)
    assert "done" not in bar_text(DONE), "there was no bar to finish"


def test_bar_leaves_nothing_behind() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, color_system=None, legacy_windows=False)
    with BarProgress(out, console=console) as sink:
        for event in EVENTS:
            sink(event)
    assert out.getvalue().endswith("\x1b[2K"), "the line of the bar is wiped"


@pytest.mark.parametrize("mode", ["auto", "bar", "json", "none"])
def test_a_broken_pipe_never_fails_the_run(mode: Literal["auto", "bar", "json", "none"]) -> None:
    with progress_sink(mode, ClosedStream()) as sink:
        for event in EVENTS:
            sink(event)


@pytest.mark.parametrize("mode", ["auto", "bar", "json", "none"])
def test_a_closed_stderr_never_fails_the_run(mode: Literal["auto", "bar", "json", "none"]) -> None:
    out = io.StringIO()
    out.close()
    with progress_sink(mode, out) as sink:
        for event in EVENTS:
            sink(event)


@pytest.mark.parametrize("mode", ["bar", "json", "none"])
def test_errors_of_the_run_pass_through(mode: Literal["bar", "json", "none"]) -> None:
    with pytest.raises(ZeroDivisionError), progress_sink(mode, io.StringIO()):
        raise ZeroDivisionError


def test_auto_is_a_bar_on_a_terminal_only() -> None:
    assert isinstance(progress_sink("auto", Terminal()), BarProgress)
    assert type(progress_sink("auto", io.StringIO())) is NoProgress
    assert type(progress_sink("none", Terminal())) is NoProgress


def test_rich_is_loaded_only_for_a_bar() -> None:
    code = """
import sys
from logcorr.commands.progress import progress_sink
with progress_sink("json", sys.stderr), progress_sink("none", sys.stderr):
    assert "rich" not in sys.modules
with progress_sink("bar", sys.stderr):
    assert "rich" in sys.modules
"""
    path = f"import sys; sys.path[:0] = {sys.path!r}\n"
    result = subprocess.run([sys.executable, "-c", path + code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
