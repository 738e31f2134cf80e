"""How a run was made: options in words, many files in few rows, and formats with where they come from."""

from typing import Any

import msgspec
import pytest

from logcorr.model.manifest import Fingerprint, Manifest
from logcorr.render.html import how_it_was_run
from tests.support import pair_reports


def told(options: dict[str, Any], files: dict[str, list[str]] | None = None) -> list[dict[str, list[str]]]:
    """The two tables as values by name."""
    report = pair_reports.one_log()
    report = msgspec.structs.replace(report, run=msgspec.structs.replace(report.run, options=options))
    files = files or {"log": ["app.log"]}
    manifest = Manifest(
        schema=1,
        kind="correlation",
        key="5e1f3c0ffee4a7b9",
        version="1.2.3",
        created="2025-11-21T16:04:05Z",
        options={},
        inputs={
            side: [Fingerprint(path=name, bytes=2048, mtime_ns=0, digest="") for name in names]
            for side, names in files.items()
        },
        files=files,
        parts={},
        attributes=[],
        rows={},
        headline={},
    )
    found: list[dict[str, list[str]]] = []
    for table in how_it_was_run.tables(report, manifest):
        values: dict[str, list[str]] = {}
        for name, value in table.rows:
            values.setdefault(name.text, []).append(value.text)
        found.append(values)
    return found


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("window_us", 60_000_000, {"window": ["1m"]}),
        ("skew_us", 0, {"skew": ["0"]}),
        ("edge_us", None, {"edge": ["not given"]}),
        ("memory_bytes", 4_000_000_000, {"memory": ["4 GB"]}),
        ("collapse_ids", True, {"collapse ids": ["yes"]}),
        ("collapse_ids", False, {"collapse ids": ["no"]}),
        ("suspicious", 25, {"suspicious": ["25"]}),
        ("formats", ["a", "b"], {"formats": ["a, b"]}),
        ("reading", {"zone": None, "unwrap": [], "client": "last"}, {"client": ["last"]}),
        ("odd\x1b", "\u202ex", {"odd␛": ["\ufffdx"]}),
    ],
)
def test_options_in_words(name: str, value: object, shown: dict[str, list[str]]) -> None:
    _, options = told({name: value})
    assert options == shown


def test_many_files_are_few_rows() -> None:
    facts, _ = told({}, {"log": [f"{k}.log" for k in range(25)]})
    assert facts["log file"] == [*(f"{k}.log (2.05 KB)" for k in range(10)), "and 15 more"]
    assert facts["run"] == ["5e1f3c0ffee4a7b9"]
    assert facts["format of log"] == ["fastify, built in"]
