"""`logcorr.correlate` and `logcorr.analyze`: the same runs as the command makes, with events, cancellation and errors."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

import logcorr
from logcorr import errors, events
from tests.support.helpers import runs_root, succeed

BOTH = (
    '{"at":"2026-03-04T05:06:07Z","rid":"a","ev":"begin"}\n'
    '{"at":"2026-03-04T05:06:08Z","rid":"a","ev":"end","code":200}\n'
)
FIELDS = {"fields": "time=at:rfc3339 id=rid status=code", "where_request": "ev=begin", "where_response": "ev=end"}


def test_the_run_is_the_one_of_the_command(pair: Path, tmp_path: Path) -> None:
    logs = pair / "requests.log", pair / "responses.log"
    by_command = succeed("correlate", *logs, "--window", "30s", "--report", "-", cwd=tmp_path)
    run = logcorr.correlate(*logs, window="30s", store=runs_root(tmp_path))
    assert run.reused
    assert run.kept
    assert run.folder.parent == runs_root(tmp_path)
    assert f'"matched": {run.report.inputs.requests.matched}' in by_command.out.decode()
    assert run.report.kind == run.kind == "correlation"


def test_an_access_log(access: Path, tmp_path: Path) -> None:
    run = logcorr.analyze(access, store=tmp_path)
    assert not run.reused
    assert (run.kind, run.report.total_requests, run.report.failed_5xx) == ("access", 50, 10)
    again = logcorr.analyze([access], store=tmp_path)
    assert again.reused
    assert again.folder == run.folder
    assert again.report == run.report


def test_one_log_of_both_events(tmp_path: Path) -> None:
    (tmp_path / "app.ndjson").write_text(BOTH)
    run = logcorr.correlate(log=tmp_path / "app.ndjson", store=tmp_path / "runs", **FIELDS)  # type: ignore[arg-type]
    assert run.exchanges.collect()["duration_us"].to_list() == [1_000_000]
    assert run.report.inputs.requests.matched == 1


def test_notes_tell_what_was_read_once(pair: Path, tmp_path: Path) -> None:
    requests = pair / "requests.log"
    run = logcorr.correlate([requests, requests], pair / "responses.log", store=tmp_path)
    assert run.notes == (f"{str(requests)!r} is a file that was named before: it is read once.",)


def test_events_are_typed_and_end_with_done(pair: Path, tmp_path: Path) -> None:
    told: list[events.Event] = []
    run = logcorr.correlate(
        pair / "requests.log", pair / "responses.log", store=tmp_path, on_event=told.append, estimates=True
    )
    kinds = [type(event) for event in told]
    assert kinds.count(events.ProgressEvent) > 1
    assert kinds[-1] is events.DoneEvent
    done = told[-1]
    assert isinstance(done, events.DoneEvent)
    assert (done.run, done.reused) == (str(run.folder), False)


def test_what_the_listener_raises_ends_the_run(access: Path, tmp_path: Path) -> None:
    def listener(_event: events.Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        logcorr.analyze(access, store=tmp_path / "runs", on_event=listener)
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize("keep", [True, False])
def test_a_cancelled_run_leaves_nothing(pair: Path, access: Path, tmp_path: Path, *, keep: bool) -> None:
    store = tmp_path / "runs"
    for make in (
        lambda **more: logcorr.correlate(pair / "requests.log", pair / "responses.log", **more),
        lambda **more: logcorr.analyze(access, **more),
    ):
        cancel = threading.Event()
        with pytest.raises(errors.Cancelled) as caught:
            make(store=store, keep=keep, cancel=cancel, on_event=lambda _event, now=cancel: now.set())
        assert caught.value.exit_code == 130
        assert list(store.iterdir()) == []


def test_errors_have_the_exit_codes_of_the_command(tmp_path: Path) -> None:
    with pytest.raises(errors.InputError, match=r"missing\.log") as missing:
        logcorr.analyze(tmp_path / "missing.log", store=tmp_path / "runs")
    assert missing.value.exit_code == 2
    (tmp_path / "text.log").write_text("nothing that is known\n")
    with pytest.raises(errors.InputError, match="no line is of a known format"):
        logcorr.analyze(tmp_path / "text.log", store=tmp_path / "runs")
    (tmp_path / "file").touch()
    (tmp_path / "a.log").write_text('192.0.2.7 - - [04/Mar/2026:05:06:07 +0000] "GET /x HTTP/1.1" 200 5\n')
    with pytest.raises(errors.OutputError, match="cannot be written") as output:
        logcorr.analyze(tmp_path / "a.log", store=tmp_path / "file")
    assert output.value.exit_code == 3
    for kept in (True, False):
        with pytest.raises(errors.OutputError, match="cannot be written"):
            logcorr.analyze(tmp_path / "a.log", store=tmp_path / "file", keep=kept)


def test_a_relative_store_is_found_after_a_change_of_folder(
    access: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    frames = [logcorr.analyze(access, store="runs").exchanges]
    (key,) = (path.name for path in Path("runs").iterdir())
    frames += [logcorr.open(f"runs/{key}").exchanges, logcorr.open(Path("runs") / key).exchanges]
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert [frame.collect().height for frame in frames] == [50, 50, 50]


def test_runs_in_two_threads_come_to_the_same(pair: Path, access: Path, tmp_path: Path) -> None:
    logs = pair / "requests.log", pair / "responses.log"

    def work(store: Path) -> tuple[Any, ...]:
        run, other = logcorr.correlate(*logs, store=store), logcorr.analyze(access, store=store, keep=False)
        run.export("exchanges", store / f"{threading.get_ident()}.csv", sort="time")
        rows = run.exchanges.sort("request_id", "request_time").collect().rows()
        return (
            rows,
            run.report.orphans,
            run.report.users,
            other.report.status,
            other.endpoints.sort("endpoint").collect().rows(),
        )

    alone = work(tmp_path / "alone")
    start, found, failed = threading.Barrier(4), list[tuple[Any, ...]](), list[BaseException]()

    def thread(store: Path) -> None:
        try:
            start.wait()
            found.append(work(store))
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failed.append(error)

    # Two have a store of their own, and two make the same run in one store.
    threads = [
        threading.Thread(target=thread, args=(tmp_path / name,), daemon=True) for name in ("a", "b", "shared", "shared")
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    assert found == [alone] * 4
    assert len([path for path in (tmp_path / "shared").iterdir() if path.is_dir()]) == 1


def test_nothing_is_printed_and_the_process_is_left_alone(
    pair: Path, access: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_words: object) -> None:
        raise AssertionError("the process belongs to somebody else")

    patches = ((os, ("umask", "chdir", "putenv", "unsetenv")), (signal, ("signal", "set_wakeup_fd")))
    with monkeypatch.context() as patch:
        for module, names in patches:
            for name in names:
                patch.setattr(module, name, refuse)
        use_all(pair, access, tmp_path)
    assert capfd.readouterr() == ("", "")


def use_all(pair: Path, access: Path, tmp_path: Path) -> None:
    """Uses every function once."""
    with logcorr.correlate(pair / "requests.log", pair / "responses.log", store=tmp_path / "runs", keep=False) as run:
        run.export("orphans", tmp_path / "orphans.ndjson")
        run.users.collect()
        run._repr_html_()
    with pytest.raises(errors.InputError):
        logcorr.analyze(tmp_path / "missing.log", store=tmp_path / "runs")
    kept = logcorr.analyze(access, store=tmp_path / "runs")
    logcorr.diff(kept, kept)
    assert logcorr.scan(access).collect().height == 50


@pytest.mark.skipif("os.name == 'nt'", reason="modes are others there")
def test_what_a_run_keeps_is_private_and_an_export_is_not(access: Path, tmp_path: Path) -> None:
    run = logcorr.analyze(access, store=tmp_path / "runs")
    run.export("exchanges", tmp_path / "out.parquet")
    inside = {path.stat().st_mode & 0o777 for path in run.folder.rglob("*")}
    assert inside == {0o700, 0o600}
    assert {path.stat().st_mode & 0o777 for path in (run.folder, run.folder.parent)} == {0o700}
    (tmp_path / "beside").touch()
    assert (tmp_path / "out.parquet").stat().st_mode == (tmp_path / "beside").stat().st_mode
