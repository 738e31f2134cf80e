"""`--where` of logs that are followed: what is reported is narrowed, what is paired is not."""

from pathlib import Path

import pytest

from logcorr.jobs.watch import Watch
from logcorr.model.errors import UsageError
from logcorr.model.live import Snapshot
from logcorr.model.options import WatchOptions


def _seen(*logs: Path, where: str | None) -> Snapshot:
    options = WatchOptions(logs=tuple((str(log),) for log in logs), where=where, memory_bytes=10**9)
    now = iter(range(10**6))
    watched = Watch(options, clock=lambda: float(next(now)))
    for _ in range(5):
        while watched.step():
            pass
    snapshot = watched.snapshot()
    watched.logs.close()
    return snapshot


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Sixty requests of two users, a second each. Every third has no response, and every fifth fails after 40 s."""
    requests, responses = tmp_path / "requests.log", tmp_path / "responses.log"
    requests.write_text("".join(f"2025-01-01T00:00:{n:02d}Z,r{n},{'ab'[n % 2]}\n" for n in range(60)))
    answers = [(n + (40 if n % 5 == 0 else 0), f"r{n},{500 if n % 5 == 0 else 200}\n") for n in range(60) if n % 3]
    responses.write_text("".join(f"2025-01-01T00:{at // 60:02d}:{at % 60:02d}Z,{rest}" for at, rest in sorted(answers)))
    return requests, responses


def test_conditions_on_requests_narrow_what_waits_too(pair: tuple[Path, Path]) -> None:
    whole, some = _seen(*pair, where=None), _seen(*pair, where="user=a")
    assert whole.counts["matched"] == 40
    assert (some.counts["matched"], some.counts["left_out"]) == (20, 20)
    assert (whole.counts["open"], some.counts["open"]) == (20, 10)
    assert {one.values[0] for one in some.oldest} == {"a"}
    assert some.window is not None
    assert (some.window.requests, some.window.exchanges) == (30, 20)
    of_a = [one for one in whole.overdue if one.values[0] == "a"]
    assert [one.request_id for one in some.overdue] == [one.request_id for one in of_a]
    assert some.counts["overdue"] == some.window.overdue == len(of_a)


def test_conditions_on_responses_say_nothing_of_what_waits(pair: tuple[Path, Path]) -> None:
    whole, some = _seen(*pair, where=None), _seen(*pair, where="status>=500")
    assert some.window is not None
    assert whole.window is not None
    assert dict(some.window.status) == {"500": whole.window.status["500"]}
    assert some.counts["open"] == whole.counts["open"] == 20
    assert some.counts["late"] == whole.counts["late"] == 8
    fast = _seen(*pair, where="duration<1s")
    assert (fast.counts["late"], fast.counts["matched"]) == (0, 32)
    assert fast.window is not None
    assert fast.window.overdue == whole.window.overdue == whole.counts["overdue"]


def test_exchanges_of_access_logs(tmp_path: Path) -> None:
    line = '{{"timestamp":"2025-10-10T13:55:{:02d}Z","method":"GET","endpoint":"/{}","status_code":200,"response_time":3}}\n'
    (tmp_path / "a.ndjson").write_text("".join(line.format(n, "ab"[n % 2]) for n in range(40)))
    seen = _seen(tmp_path / "a.ndjson", where="endpoint=/a")
    assert seen.window is not None
    assert (seen.window.requests, seen.window.exchanges, seen.counts["left_out"]) == (20, 20, 20)


def test_a_column_that_logs_do_not_have_is_an_error(pair: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match="nonsense"):
        _seen(*pair, where="nonsense=1")
