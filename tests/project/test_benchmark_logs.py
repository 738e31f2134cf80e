"""The logs of the benchmarks: plain ones that all can read and whose truth is counted, odd ones, and runs on these."""

import csv
import gzip
import json
import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import data, forms, odd_logs, scale

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


class TestForms:
    """The other forms hold what the plain logs hold."""

    def test_gzip(self, folder: Path) -> None:
        plain, packed = data.pair(folder, 2000), forms.gz(folder, 2000)
        assert [gzip.decompress(log.read_bytes()) for log in packed[:2]] == [log.read_bytes() for log in plain[:2]]
        assert packed.truth == plain.truth

    def test_json_lines(self, folder: Path) -> None:
        plain, made = data.pair(folder, 2000), forms.json_pair(folder, 2000)
        for log, target, third in zip(plain[:2], made[:2], ("user_id", "status_code"), strict=True):
            records = [json.loads(line) for line in target.read_text().splitlines()]
            told = [f"{one['time']},{one['request_id']},{'' if one[third] is None else one[third]}" for one in records]
            assert told == log.read_text().splitlines()

    def test_one_log(self, folder: Path) -> None:
        log, truth = forms.one_log(folder, 2000)
        records = [json.loads(line) for line in log.read_text().splitlines()]
        asked = {one["reqId"]: one["time"] for one in records if one["msg"] == "incoming request"}
        answered = {one["reqId"]: one["time"] for one in records if one["msg"] == "request completed"}
        assert len(records) == len(asked) + len(answered)
        assert len(asked.keys() & answered.keys()) == truth["matched"]
        assert len(asked.keys() - answered.keys()) == truth["request_orphans"]
        assert len(answered.keys() - asked.keys()) == truth["response_orphans"]
        assert all(answered[one] >= asked[one] for one in asked.keys() & answered.keys())

    @pytest.mark.parametrize("form", ["combined", "alb"])
    def test_access_logs(self, folder: Path, form: str) -> None:
        log, truth = {"combined": forms.combined, "alb": forms.alb}[form](folder, 2000)
        requests: Counter[str] = Counter()
        errors: Counter[str] = Counter()
        took = 0.0
        for line in log.read_text().splitlines():
            # A combined line and one of ALB are both CSV with blanks for commas.
            (cells,) = csv.reader([line], delimiter=" ", strict=True)
            assert len(cells) == (11 if form == "combined" else 29)
            target, status, ms = (cells[place] for place in ((5, 6, 10) if form == "combined" else (12, 8, 6)))
            endpoint = re.sub("^[a-z]+://[^/]*", "", target.split(" ")[1]).partition("?")[0]
            requests[endpoint] += 1
            errors[endpoint] += int(status) >= 400
            took += float(ms)
        assert {name: [requests[name], errors[name]] for name in requests} == truth["endpoints"]
        assert sum(requests.values()) == truth["lines"]
        plain = [json.loads(line) for line in data.access(folder, 2000).log.read_text().splitlines()]
        assert took == pytest.approx(sum(one["response_time"] for one in plain) / 1000)

    def test_a_form_is_made_once_and_anew_with_its_plain_log(self, folder: Path) -> None:
        first = forms.gz(folder, 300).requests
        before = first.stat().st_mtime_ns
        assert forms.gz(folder, 300).requests.stat().st_mtime_ns == before
        told = folder / "gz-300" / "made.json"
        told.write_text(told.read_text().replace('"rows": 300', '"rows": 301'))
        assert forms.gz(folder, 300).requests.stat().st_mtime_ns > before

    @pytest.mark.parametrize("work", ["full", "ndjson", "gz", "json", "onelog", "access", "combined", "alb"])
    def test_the_logs_of_a_work(self, folder: Path, work: str) -> None:
        logs = forms.logs_of(work, folder, 2000)
        assert forms.are_there(work, folder, 2000)
        assert not forms.are_there(work, folder, 2001)
        lines = 0
        for path in logs.paths.values():
            text = path.read_bytes()
            lines += (gzip.decompress(text) if path.suffix == ".gz" else text).count(b"\n")
        assert lines == logs.lines


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
