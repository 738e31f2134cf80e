"""Logs that are watched: what was written so far gives the same figures as a run, in whatever pieces it came."""

import gzip
import itertools
import json
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.inputs.follow.follower import Follower
from logcorr.jobs import follow_logs
from logcorr.jobs.watch import Watch, watch
from logcorr.model.errors import InputError
from logcorr.model.live import Snapshot
from logcorr.model.options import WatchOptions
from tests.support.helpers import succeed
from tests.support.kernels_or_numpy import search


def _options(*logs: Path, **changed: object) -> WatchOptions:
    options = {"logs": tuple((str(log),) for log in logs), "memory_bytes": 10**9, **changed}
    return WatchOptions(**options)  # type: ignore[arg-type]


class Clock:
    """A clock that goes on by a second whenever it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


class Hasty(threading.Event):
    """An event that is never waited for."""

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        return self.is_set()


def _watched(options: WatchOptions, *writes: Callable[[], object]) -> Snapshot:
    """What is seen after some writes, each followed by looks until nothing comes any more."""
    watched = Watch(options, clock=Clock())
    for write in (lambda: None, *writes):
        write()
        for _ in range(3):
            while watched.step():
                pass
    snapshot = watched.snapshot()
    watched.logs.close()
    return snapshot


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


@pytest.mark.parametrize("seed", range(3))
def test_a_pair_that_grows_is_counted_like_a_run(tmp_path: Path, seed: int) -> None:
    words = ("--rows", "2000", "--seed", str(seed), "--retries", "0", "--redelivered", "0")
    succeed("generate", "pair", "whole", *words, cwd=tmp_path)
    succeed("correlate", "whole/requests.log", "whole/responses.log", "--report", "report.json", cwd=tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    chance = random.Random(seed)
    sides = [tmp_path / "requests.log", tmp_path / "responses.log"]
    texts = [(tmp_path / "whole" / side.name).read_bytes() for side in sides]
    done = [0, 0]
    watched = Watch(_options(*sides, lateness_us=10**13, timeout_us=10**13), clock=Clock())
    while done != [len(text) for text in texts]:
        side = chance.randrange(2)
        end = min(len(texts[side]), done[side] + chance.randrange(1, 20_000))
        with sides[side].open("ab") as file:
            file.write(texts[side][done[side] : end])
        done[side] = end
        watched.step()
    for _ in range(5):
        watched.step()
    counts = watched.snapshot().counts
    watched.logs.close()
    inputs = report["inputs"]
    assert counts["matched"] == inputs["requests"]["matched"]
    assert counts["open"] == sum(report["orphans"]["request"].values())
    assert counts["lines"] == inputs["requests"]["lines"] + inputs["responses"]["lines"]
    assert counts["malformed"] == sum(sum(inputs[side]["malformed"].values()) for side in ("requests", "responses"))
    assert counts["negative"] == report["skew"]["negative"]
    failures = sum(count for code, count in report["status"].items() if code == "none" or int(code) >= 400)
    # Of an id with several entries those pair that come first, so that a few statuses may stand on another exchange.
    assert counts["failures"] == pytest.approx(failures, abs=3)


def test_one_log_with_both_events(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    head = '{{"level":30,"time":{},"reqId":"r-{}",'
    request = head + '"req":{{"method":"GET","url":"/a","remoteAddress":"1.2.3.4"}},"msg":"incoming request"}}\n'
    response = head + '"res":{{"statusCode":500}},"responseTime":5.1,"msg":"request completed"}}\n'
    lines = [request.format(1_700_000_000_000 + n, n) for n in range(20)]
    answers = [response.format(1_700_000_000_005 + n, n) for n in range(15)]
    log.write_text("".join(lines))
    snapshot = _watched(_options(log), lambda: _append(log, "".join(answers)))
    assert snapshot.counts["matched"] == 15
    assert snapshot.counts["open"] == 5
    assert snapshot.window is not None
    assert snapshot.window.status == {"500": 15}
    assert snapshot.oldest[0].request_id == "r-15"
    assert "endpoint" in snapshot.attributes


def test_access_logs_of_several_forms(tmp_path: Path) -> None:
    combined = '1.2.3.4 - - [10/Oct/2025:13:55:%02d +0000] "GET /a HTTP/1.1" 404 12 "-" "curl"\n'
    (tmp_path / "a.log").write_text("".join(combined % n for n in range(10)))
    other = '{"timestamp":"2025-10-10T13:55:30Z","method":"GET","endpoint":"/b","status_code":200,"response_time":3}\n'
    snapshot = _watched(_options(tmp_path), lambda: (tmp_path / "b.log").write_text(other * 3))
    assert snapshot.window is not None
    assert snapshot.window.status == {"404": 10, "200": 3}
    assert snapshot.window.percentiles_ms["p50"] == 2.992


def test_a_log_that_is_not_there_yet_and_one_side_that_stays_empty(tmp_path: Path) -> None:
    requests, responses = tmp_path / "requests.log", tmp_path / "responses.log"
    snapshot = _watched(
        _options(requests, responses),
        lambda: requests.write_text("2025-01-01T00:00:00Z,a,u\n2025-01-01T00:01:00Z,b,u\n"),
    )
    assert snapshot.counts["open"] == 2
    assert [one.request_id for one in snapshot.overdue] == ["a"]
    waits = "is not there yet; it is read as soon as it is."
    assert {f"{str(log)!r} {waits}" for log in (requests, responses)} < {*snapshot.notices}
    assert f"{str(requests)!r} appeared." in snapshot.notices


def test_a_stray_instant_does_not_move_the_time(tmp_path: Path) -> None:
    requests, responses = tmp_path / "requests.log", tmp_path / "responses.log"
    lines = [f"2025-01-01T00:00:{n:02d}Z,r{n},u\n" for n in range(20)]
    requests.write_text("".join(lines))
    responses.write_text("2025-01-01T00:00:19Z,r19,200\n")
    snapshot = _watched(_options(requests, responses), lambda: _append(requests, "2099-01-01T00:00:00Z,x,u\n"))
    assert snapshot.now_us == 1_735_689_619_000_000
    assert snapshot.counts["overdue"] == 0


def test_a_late_response_is_late_also_where_the_logs_are_read_at_once(tmp_path: Path) -> None:
    requests, responses = tmp_path / "requests.log", tmp_path / "responses.log"
    requests.write_text("".join(f"2025-01-01T00:0{n}:00Z,r{n},u\n" for n in range(4)))
    responses.write_text("2025-01-01T00:00:10Z,r0,200\n2025-01-01T00:02:40Z,r1,200\n2025-01-01T00:02:45Z,r2,200\n")
    snapshot = _watched(_options(requests, responses))
    assert snapshot.counts["late"] == 2
    assert [one.request.request_id for one in snapshot.late] == ["r2", "r1"]
    assert snapshot.window is not None
    assert (snapshot.counts["overdue"], snapshot.window.overdue) == (0, 0)


def test_the_last_few_entries_of_a_sparse_log_are_not_stray(tmp_path: Path) -> None:
    """They are more than an hour after the middle of what is read at once, but close to those before them."""
    requests, responses = tmp_path / "requests.log", tmp_path / "responses.log"
    lines = [f"2025-01-01T{n // 60:02d}:{n % 60:02d}:00Z,r{n},u\n" for n in range(0, 240, 20)]
    requests.write_text("".join(lines))
    responses.write_text("2025-01-01T00:00:19Z,r0,200\n")
    assert _watched(_options(requests, responses)).now_us == 1_735_689_600_000_000 + 220 * 60_000_000


def test_only_the_last_minutes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests, responses = tmp_path / "requests.log", tmp_path / "responses.log"
    stamps = [f"2025-01-01T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z" for n in range(20_000)]
    requests.write_text(
        "timestamp,request_id,user_id\n" + "".join(f"{stamp},r{n},u\n" for n, stamp in enumerate(stamps))
    )
    responses.write_text("".join(f"{stamp},r{n},200\n" for n, stamp in enumerate(stamps)))
    monkeypatch.setattr("logcorr.jobs.last_of_log._STEP_BYTES", 4096)
    snapshot = _watched(_options(requests, responses, last_us=600_000_000))
    assert 600 <= snapshot.counts["matched"] <= 900
    assert snapshot.window is not None
    assert snapshot.window.requests == 300


def test_of_two_logs_that_are_behind_the_one_behind_in_time_is_read_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request log with long lines takes more reads for the same time. No pair is lost to that."""
    requests, responses = tmp_path / "requests.log", tmp_path / "responses.log"
    monkeypatch.setattr(follow_logs, "_PIECE_BYTES", 2000)
    stamps = [f"2025-01-01T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z" for n in range(2000)]
    requests.write_text("".join(f"{stamp},r{n},{'u' * 200}\n" for n, stamp in enumerate(stamps)))
    responses.write_text("".join(f"{stamp},r{n},200\n" for n, stamp in enumerate(stamps)))
    counts = _watched(_options(requests, responses, lateness_us=0, timeout_us=1)).counts
    assert (counts["matched"], counts["unasked"], counts["overdue"]) == (2000, 0, 0)


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("no log\nat all\n")
    with pytest.raises(InputError, match="no line is of a known format"):
        _watched(_options(tmp_path / "a.log"))


def test_it_ends_when_it_is_told_and_closes_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requests.log").write_text("2025-01-01T00:00:00Z,a,u\n")
    (tmp_path / "responses.log").write_text("2025-01-01T00:00:00Z,a,200\n")
    closed: list[Follower] = []
    close = Follower.close

    def noted(follower: Follower) -> None:
        closed.append(follower)
        close(follower)

    monkeypatch.setattr(Follower, "close", noted)
    cancel = threading.Event()
    snapshots = []
    for snapshot in watch(
        _options(tmp_path / "requests.log", tmp_path / "responses.log"), cancel, every_s=1, clock=Clock()
    ):
        snapshots.append(snapshot)
        cancel.set()
    assert len(snapshots) == 2
    assert snapshots[-1].counts["matched"] == 1
    assert len(closed) == 2


def test_entries_that_are_late_within_the_lateness_and_beyond_it(tmp_path: Path) -> None:
    requests, responses = tmp_path / "requests.log", tmp_path / "responses.log"
    asked, told = "2025-01-01T00:{:02d}:{:02d}Z,{},u\n", "2025-01-01T00:{:02d}:{:02d}Z,{},200\n"
    snapshot = _watched(
        _options(requests, responses, lateness_us=60_000_000, window_us=60_000_000),
        lambda: _append(requests, asked.format(0, 0, "a") + asked.format(0, 20, "open")),
        lambda: _append(responses, told.format(0, 1, "a") + told.format(0, 10, "late") + told.format(0, 11, "later")),
        lambda: _append(requests, asked.format(0, 9, "late")),
        lambda: _append(requests, asked.format(3, 0, "b")),
        lambda: _append(responses, told.format(3, 0, "b")),
        lambda: _append(requests, asked.format(0, 9, "later")),
    )
    counts = snapshot.counts
    assert (counts["matched"], counts["unasked"], counts["open"], counts["too_late"]) == (3, 1, 2, 1)
    assert (counts["requests"], counts["responses"], counts["given_up"]) == (5, 4, 0)


_ID = st.sampled_from(["a", "b", "c", "id-of-a-request"])
_LINE = st.one_of(
    st.tuples(st.integers(0, 59), _ID, st.sampled_from(["200", "404", "-"])).map(
        lambda line: "2025-01-01T00:00:{:02d}Z,{},{}\n".format(*line)
    ),
    st.sampled_from(["\n", "what is this\n", "2025-01-01T00:00:00Z,a,b,c\n", " \t\r\n"]),
)


@search(25)
@given(
    lines=st.tuples(st.lists(_LINE, max_size=30), st.lists(_LINE, max_size=30)),
    cuts=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 200), st.booleans()), max_size=40),
)
def test_any_pieces_in_any_order_give_the_counts_of_one_reading(
    lines: tuple[list[str], list[str]], cuts: list[tuple[int, int, bool]], tmp_path: Path
) -> None:
    sides = [tmp_path / "requests.log", tmp_path / "responses.log"]
    texts = ["".join(["2025-01-01T00:00:00Z,first,200\n", *of_side]) for of_side in lines]
    options = _options(*sides, lateness_us=10**13, timeout_us=10**13, sides=True)
    for side, text in zip(sides, texts, strict=True):
        side.write_text(text)
    whole = _watched(options).counts
    for side in sides:
        side.write_text("")
    done = [0, 0]

    def appended(at: int, size: int) -> None:
        _append(sides[at], texts[at][done[at] : done[at] + size])
        done[at] += size

    watched = Watch(options, clock=Clock())
    for at, size, looks in cuts:
        appended(at, size)
        for _ in range(looks):
            watched.step()
    for at, text in enumerate(texts):
        appended(at, len(text))
    for _ in range(4):
        watched.step()
    counts = watched.snapshot().counts
    watched.logs.close()
    assert counts == whole
    assert counts["lines"] == sum(text.count("\n") for text in texts)


def test_logs_that_stand_still_are_told_of_seldom(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("")
    clock, cancel = Clock(), Hasty()
    seen = watch(_options(log), cancel, every_s=0.5, quiet_every_s=100.0, clock=clock)
    moments = []
    for _ in range(3):
        next(seen)
        moments.append(clock.now)
    assert min(later - before for before, later in itertools.pairwise(moments)) > 90
    quiet = moments[-1]
    _append(log, '{"timestamp": "2025-01-01T00:00:00Z", "status_code": 200, "endpoint": "/"}\n')
    assert next(seen).counts["lines"] == 1
    assert clock.now - quiet < 50
    cancel.set()
    assert [snapshot.counts["lines"] for snapshot in seen] == [1]


def test_two_access_logs_by_their_names(tmp_path: Path) -> None:
    line = '{"timestamp":"2025-10-10T13:55:30Z","method":"GET","endpoint":"/b","status_code":200,"response_time":3}\n'
    for name in ("a.ndjson", "b.ndjson"):
        (tmp_path / name).write_text(line * 2)
    snapshot = _watched(_options(tmp_path / "a.ndjson", tmp_path / "b.ndjson"))
    assert snapshot.counts["matched"] == 4


def test_compressed_logs_of_a_pair_are_read_in_order_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logcorr.inputs.follow.follower._PIECE_BYTES", 4000)
    stamps = [f"2025-01-01T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z" for n in range(3000)]
    with gzip.open(tmp_path / "requests.log.gz", "wt") as file:
        file.write("".join(f"{stamp},r{n},{'u' * 100}\n" for n, stamp in enumerate(stamps)))
    with gzip.open(tmp_path / "responses.log.gz", "wt") as file:
        file.write("".join(f"{stamp},r{n},200\n" for n, stamp in enumerate(stamps)))
    logs = (tmp_path / "requests.log.gz", tmp_path / "responses.log.gz")
    counts = _watched(_options(*logs, lateness_us=0, timeout_us=1_000_000)).counts
    assert (counts["matched"], counts["unasked"], counts["late"]) == (3000, 0, 0)


def test_nothing_is_counted_before_there_is_a_line(tmp_path: Path) -> None:
    snapshot = _watched(_options(tmp_path / "none.log"))
    assert snapshot.counts["lines"] == 0
    assert snapshot.window is None


def test_files_of_a_side_are_read_in_order_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The older half of a log that was rotated comes before the newer one."""
    monkeypatch.setattr(follow_logs, "_PIECE_BYTES", 2000)
    stamps = [f"2025-01-01T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z" for n in range(3000)]
    for name, value, split in (("req", "u", 1500), ("resp", "200", 1800)):
        lines = [f"{stamp},r{n},{value}\n" for n, stamp in enumerate(stamps)]
        (tmp_path / f"{name}.log.1").write_text("".join(lines[:split]))
        (tmp_path / f"{name}.log").write_text("".join(lines[split:]))
        os.utime(tmp_path / f"{name}.log.1", (1, 1))
    options = _options(tmp_path / "req*", tmp_path / "resp*", lateness_us=0, timeout_us=1_000_000)
    counts = _watched(options).counts
    assert (counts["matched"], counts["unasked"], counts["late"], counts["too_late"]) == (3000, 0, 0, 0)
