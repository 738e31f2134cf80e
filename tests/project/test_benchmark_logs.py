"""The logs of the benchmarks: plain ones that all can read and whose truth is counted, odd ones, and runs on these."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import data, odd_logs, scale

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="they measure through /proc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the logs of 2,000 lines, which several tests read."""
    return tmp_path_factory.mktemp("bench")


class TestOddLogs:
    def made(self, folder: Path, case: str) -> tuple[list[bytes], list[bytes]]:
        """The lines of the plain and the odd request log."""
        pair = data.pair(folder, 2000, name="scale")
        make = next(one.make for one in scale.CASES if one.name == case)
        assert make is not None
        target = folder / f"{case}.log"
        make(pair.requests, target)
        return pair.requests.read_bytes().splitlines(), target.read_bytes().splitlines()

    def test_one_id(self, folder: Path) -> None:
        plain, odd = self.made(folder, "one-id")
        changed = [new for old, new in zip(plain, odd, strict=True) if new != old]
        assert 0.07 < len(changed) / len(plain) < 0.13
        assert {line.split(b",")[1] for line in changed} == {b"req-of-everybody"}

    def test_many_users(self, folder: Path) -> None:
        plain, odd = self.made(folder, "many-users")
        assert len({line.rpartition(b",")[2] for line in odd}) == len(plain)

    def test_backwards(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(odd_logs, "_BLOCK", 100)
        plain, odd = self.made(folder, "backwards")
        assert odd == plain[::-1]

    @pytest.mark.parametrize(("case", "length"), [("short-ids", 4), ("long-ids", 200)])
    def test_ids(self, folder: Path, case: str, length: int) -> None:
        plain, odd = self.made(folder, case)
        ids = [line.split(b",")[1] for line in odd]
        assert {len(one) for one in ids} == {length}
        assert len(set(ids)) == len(plain)

    def test_parts(self, folder: Path) -> None:
        pair = data.pair(folder, 2000, name="scale")
        odd_logs.parts(pair.requests, folder / "parts")
        files = sorted((folder / "parts").iterdir())
        assert len(files) == odd_logs.PARTS
        assert b"".join(file.read_bytes() for file in files) == pair.requests.read_bytes()
        assert all(file.read_bytes().endswith(b"\n") for file in files if file.stat().st_size)

    def test_a_run_closes_its_ledger(self, folder: Path) -> None:
        told: list[str] = []
        (case,) = scale.run(folder, 2000, ["backwards"], timeout_s=60, tell=told.append)["cases"]
        assert case["wrong"] == []
        assert case["matched"] == data.pair(folder, 2000, name="scale").truth["matched"]
        assert len(told) == 1

    def test_a_ledger_that_does_not_close_is_told(self) -> None:
        truth = {"matched": 3, "request_orphans": 1, "response_orphans": 0}
        side = {"lines": 4, "malformed": {}, "matched": 3, "orphans": 0}
        side |= dict.fromkeys(("blank", "header", "redelivered", "superseded"), 0)
        run = {"spilled_bytes": 0, "seconds": {}}
        report = {"inputs": {"requests": side, "responses": {**side, "lines": 3}}, "run": run}
        found = scale._findings(report, scale.CASES[0], truth)
        assert found["wrong"] == ["the ledger of requests does not close: 4 lines, 3 accounted for"]
        assert scale._findings(report, scale.CASES[0], {**truth, "matched": 2})["wrong"][1:] == [
            "7 lines, not 5",
            "3 matched, not 2",
        ]
        unsure = replace(scale.CASES[0], unique=False)
        assert len(scale._findings(report, unsure, {**truth, "matched": 2})["wrong"]) == 2


def test_data_is_plain_and_made_once(folder: Path) -> None:
    pair = data.pair(folder, 2000)
    before = pair.requests.stat().st_mtime_ns
    for log in pair[:2]:
        lines = log.read_bytes().splitlines()
        assert all(line[10:11] == b"T" and line[19:20] == b"." and line[23:25] == b"Z," for line in lines)
    assert data.pair(folder, 2000).requests.stat().st_mtime_ns == before
    told = pair.truth["matched"] + pair.truth["request_orphans"]
    assert len(pair.requests.read_bytes().splitlines()) == told
    access = data.access(folder, 2000)
    records = [json.loads(line) for line in access.log.read_bytes().splitlines()]
    assert len(records) == access.truth["lines"] > 1000
    assert sum(requests for requests, _ in access.truth["endpoints"].values()) == len(records)
    assert sum(errors for _, errors in access.truth["endpoints"].values()) == sum(
        int(one["status_code"]) >= 400 for one in records
    )


@pytest.mark.parametrize(
    ("line", "common"),
    [
        (b"2025-11-21T16:00:00.325000+02:00,a,b", b"2025-11-21T14:00:00.325Z,a,b"),
        (b"2025-11-21 14:00:00.325,a,b", b"2025-11-21T14:00:00.325Z,a,b"),
        (b"2025-11-21T14:00:00Z,a,b", b"2025-11-21T14:00:00.000Z,a,b"),
        (b"2025-11-21T14:00:00.123456789Z,a,", b"2025-11-21T14:00:00.123Z,a,"),
        (b"2025-11-21T14:00:00.999Z,a,b", b"2025-11-21T14:00:00.999Z,a,b"),
    ],
)
def test_uncommon_times_become_common(line: bytes, common: bytes) -> None:
    assert data._UNCOMMON.sub(data._common, line + b"\n") == common + b"\n"
