"""An analysis by steps on an engine equals that on this machine: reports but for `run`, and sorted exports to the byte.

Splits are cut anywhere, and counts by attribute are in one part or in many. LOGCORR_EXAMPLES=n tries n times as many.
"""

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from logcorr.cluster import access_figures, analyze, merge_accesses
from logcorr.figures import latency_counts
from logcorr.model.options import AnalyzeOptions, Narrowing, Reading
from tests.oracle.golden_formats import GOLDEN
from tests.oracle.test_golden_jobs import EXCHANGES, GOLD
from tests.support.access_strategies import AccessCase, access_cases
from tests.support.cluster_runs import MEMORY, cluster, differences
from tests.support.helpers import zstandard
from tests.support.kernels_or_numpy import search, some
from tests.support.wrapped import WRAPS, wrapped

NARROWINGS = st.sampled_from(
    [
        *[Narrowing()] * 4,
        Narrowing(where="status>=400"),
        Narrowing(where="endpoint~a line>2"),
        Narrowing(since="-1m"),
        Narrowing(until="2025-11-21T16:01:00Z"),
    ]
)


def check(options: AnalyzeOptions, folder: Path, split_bytes: int = 300) -> None:
    """Holds a run on an engine to one on this machine; both must be made."""
    assert differences(options, folder, cluster(split_bytes=split_bytes)) == []
    assert list((folder / "cluster").glob("*/manifest.json"))


@search(12)
@given(
    access_cases(),
    st.integers(1, 400),
    NARROWINGS,
    st.sampled_from([2, latency_counts.MOST_COUNTS]),
    st.sampled_from([100, 1 << 30]),
)
def test_access_logs(case: AccessCase, split_bytes: int, narrowing: Narrowing, most: int, part_bytes: int) -> None:
    note(case.readable())
    with (
        TemporaryDirectory(prefix="logcorr-") as name,
        patch.object(latency_counts, "MOST_COUNTS", most),
        patch.object(analyze, "_PART_BYTES", part_bytes),
        patch.object(access_figures, "_MOST_SUMS", 2),
        patch.object(merge_accesses, "SUMS_A_STEP", 2),
        patch.object(access_figures, "SUMS_A_STEP", 2),
    ):
        folder = Path(name)
        case.write(folder)
        options = AnalyzeOptions(
            files=tuple(str(folder / file) for file, _ in case.files),
            reading=Reading(unwrap=("none",)),
            form=None if case.form == "auto" else case.form,
            memory_bytes=MEMORY,
            narrowing=narrowing,
            window_us=case.window_us,
            suspicious=case.suspicious,
            collapse_ids=case.collapse_ids,
        )
        assert differences(options, folder, cluster(split_bytes=split_bytes)) == []


def options_of(name: str, *files: Path, **changed: Any) -> AnalyzeOptions:
    told = GOLD[name]["options"]
    reading = Reading(date=told.get("day"), unwrap=(told["head"],) if "head" in told else ())
    return AnalyzeOptions(files=tuple(map(str, files)), form=name, reading=reading, memory_bytes=MEMORY, **changed)


@pytest.mark.parametrize("name", some(EXCHANGES, *EXCHANGES[::10]))
def test_golden_logs(name: str, tmp_path: Path) -> None:
    log = GOLDEN / f"{name}.log"
    text = log.read_bytes()
    (tmp_path / "1.log.gz").write_bytes(gzip.compress(text))
    (tmp_path / "2.log.zst").write_bytes(zstandard(text))
    files = (tmp_path / "1.log.gz", log, tmp_path / "2.log.zst")
    with patch.object(analyze, "_PART_BYTES", 700):
        check(options_of(name, *files), tmp_path)
        narrowed = options_of(name, *files, narrowing=Narrowing(where="status>=400 line>2"), collapse_ids=True)
        check(narrowed, tmp_path / "narrowed")


@pytest.mark.parametrize("head", some(WRAPS, "cri", "docker-json", "syslog"))
def test_lines_with_heads(head: str, tmp_path: Path) -> None:
    lines = (GOLDEN / "combined.log").read_bytes().splitlines()
    for number, wrap in enumerate(WRAPS[head]):
        (tmp_path / f"{number}.log").write_bytes(wrapped(lines, wrap))
    (tmp_path / "plain.log").write_bytes((GOLDEN / "nginx.log").read_bytes())
    files = tuple(str(file) for file in sorted(tmp_path.glob("*.log")))
    options = AnalyzeOptions(files=files, memory_bytes=MEMORY, reading=Reading(date="2026-02-03"))
    check(options, tmp_path)


def test_lines_in_parts_documents_and_odd_files(tmp_path: Path) -> None:
    stamp = b"2026-02-03T10:00:00.000000001Z stdout "
    lines = (GOLDEN / "combined.log").read_bytes().splitlines()
    parts = [stamp + b"P " + line[:30] + b"\n" + stamp + b"F " + line[30:] + b"\n" for line in lines]
    (tmp_path / "1-cri.log").write_bytes(b"".join(parts))
    text = (GOLDEN / "ndjson.log").read_bytes()
    (tmp_path / "2-array.json").write_bytes(b"[" + b",\n".join(text.splitlines()) + b"]")
    (tmp_path / "3-empty.log").write_bytes(b"")
    (tmp_path / "4-bom-and-cr.log").write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    (tmp_path / "5-bytes-and-no-end.log").write_bytes(b"\0\0" + text.replace(b"e", b"\xff", 3) + text.rstrip())
    files = tuple(str(file) for file in sorted(tmp_path.iterdir()))
    options = AnalyzeOptions(files=files, memory_bytes=MEMORY)
    for split_bytes in (97, 4096):
        folder = tmp_path / f"in-{split_bytes}"
        folder.mkdir()
        check(options, folder, split_bytes)


def test_more_endpoints_and_addresses_than_a_report_tells(tmp_path: Path) -> None:
    lines = []
    for number in range(4000):
        ip, path = f"10.0.{number % 131}.{number % 7}", f"/p{number % 1201}/{number % 3}"
        status = 500 if number % 11 == 0 else 404 if number % 5 == 0 else 200
        took = (number * 7919) % 997 / 1000
        lines.append(
            f'{ip} - - [21/Nov/2025:16:{number // 67:02}:{number % 60:02} +0000] "GET {path} HTTP/1.1" {status} 5 '
            f'"-" "agent {number % 307}" {took:.3f}\n'
        )
    (tmp_path / "access.log").write_text("".join(lines))
    options = AnalyzeOptions(files=(str(tmp_path / "access.log"),), memory_bytes=MEMORY, suspicious=2)
    with patch.object(analyze, "_PART_BYTES", 100_000):
        check(options, tmp_path, 90_000)
