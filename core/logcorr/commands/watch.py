"""`logcorr watch`: follows logs that grow."""

import signal
import sys
import threading
from contextlib import closing
from queue import SimpleQueue
from types import FrameType
from typing import Any

import click

from logcorr.commands import watch_controls
from logcorr.commands.format_options import format_options, reading
from logcorr.commands.keep_watched import keeping
from logcorr.commands.options import DURATION, SIZE, as_flag, positive
from logcorr.commands.run_job import FAILED_CONDITION
from logcorr.commands.stdout_and_stderr import put, put_json, say
from logcorr.compute import garbage, resources, threads
from logcorr.inputs import standard_input
from logcorr.model import clock_skew
from logcorr.model.errors import Cancelled, UsageError
from logcorr.model.options import WatchOptions
from logcorr.text.instants import text_or_none

_JUDGED_S = 1.0
# Whoever draws every snapshot draws fewer of logs that stand still.
_QUIET_EVERY_S = 1.0


@click.command()
@click.argument("logs", nargs=-1, metavar="[LOG | REQUESTS RESPONSES | ACCESS_LOG...]", type=click.Path())
@click.option("--requests", multiple=True, type=click.Path(), help="A request log; may be given again.")
@click.option("--responses", multiple=True, type=click.Path(), help="A response log; may be given again.")
@click.option("--every", type=DURATION, default="10s", show_default=True, help="How often a line is printed.")
@click.option("--for", "for_", type=DURATION, help="End after so long, with what was seen in all.")
@click.option("--until-fail", multiple=True, help="End with 1 once this holds in the window, such as 'error_rate>5%'.")
@click.option("--alert", multiple=True, help="Say when this begins and ceases to hold, such as 'p99>500ms'.")
@click.option("--json", "as_json", is_flag=True, help="Print objects of JSON, one a line.")
@click.option("--window", type=DURATION, default="5m", show_default=True, help="How far back the figures go.")
@click.option("--last", type=DURATION, help="Read only so much of what is there at the start: 15m.  [default: all]")
@click.option("--timeout", type=DURATION, default="30s", show_default=True, help="When a request is overdue.")
@click.option("--lateness", type=DURATION, default="1m", show_default=True, help="How late an entry may come.")
@click.option(
    "--pairing",
    type=click.Choice(["in-order", "nearest", "first", "last"]),
    help="How the entries of one id pair.  [default: as the format says, else in-order]",
)
@click.option("--duration", type=click.Choice(["events", "given"]), help="Which duration counts.  [default: events]")
@click.option("--skew", type=float, default=0.0, help="Milliseconds to add to every response's time; may be negative.")
@click.option("--collapse-ids", is_flag=True, help="Write * for numbers, hex and UUIDs in the paths of endpoints.")
@click.option("--collapse", multiple=True, metavar="REGEX=NAME", help="Count endpoints with REGEX in them as NAME.")
@click.option("--memory", type=SIZE, help="The most memory to take.  [default: a quarter of the machine's]")
@click.option("--where", metavar="FILTER", help="Report what this holds for, such as 'status>=500'.  [default: all]")
@click.option("--tz", metavar="ZONE", help="The zone of times that are shown.  [default: UTC]")
@click.option(
    "--store", type=click.Path(), help="Folder to keep the run of what was followed in.  [default: the cache folder]"
)
@click.option("--no-store", is_flag=True, help="Keep nothing.")
@click.option("--resume", is_flag=True, help="Go on where following the same logs ended: only what is new is read.")
@click.option("--longest-window", type=DURATION, hidden=True, help="How far the window can be widened.")
@click.option("--controls", type=int, hidden=True, help="Read what is asked meanwhile here, and end where it ends.")
@format_options
def watch(logs: tuple[str, ...], **values: Any) -> int:
    """Follow logs that grow: what is in flight, overdue, slow and failed right now.

    A log is a file, a folder or a quoted glob, which may be missing yet; or - for standard input. What is there already
    is read first. Files may be rotated by renaming or by copying. Requests without an answer within --timeout are
    overdue until the answer comes. Time is that of the entries. Ends by Ctrl+C, and where standard input ends. What was
    followed is then a run like any other, unless --no-store is given.

    \b
    Examples:
      logcorr watch requests.log responses.log
      logcorr watch app.log --every 2s --until-fail 'error_rate>5%'
      kubectl logs -f deploy/api | logcorr watch - --json
    """
    from logcorr.text import zones

    options, every_s = _options(logs, values), positive("--every", values["every"]) / 1e6
    zone = zones.zone_of(values["tz"] or "UTC")
    threads.limit_engine(options.memory_bytes, 1)
    with garbage.loading():
        from logcorr.jobs.watch import watch as snapshots
        from logcorr.query import live_conditions
    garbage.seldom()

    conditions, alerts = (
        [live_conditions.live_condition(text, as_flag(name)) for text in values[name]]
        for name in ("until_fail", "alert")
    )
    cancel, signals = threading.Event(), []

    def stop(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        # Not here: the main thread may hold the lock of the event just now, and would wait for itself.
        threading.Thread(target=cancel.set, daemon=True).start()

    asked: SimpleQueue[Any] = SimpleQueue()
    if values["controls"] is not None:
        watch_controls.obey(values["controls"], asked, cancel)
    before = {number: signal.signal(number, stop) for number in _ends()}
    try:
        with zones.shown_in(zone), keeping(options, values, lambda: len(signals) > 1) as kept:
            for_s = values["for_"] and values["for_"] / 1e6
            # Conditions are judged at least once a second, however seldom a line is printed.
            judged_s = min(every_s, _JUDGED_S) if conditions or alerts else every_s
            places = values["controls"] is not None
            quiet_s = _QUIET_EVERY_S if places else 0.0
            seen: Any = snapshots(
                options,
                cancel,
                every_s=judged_s,
                for_s=for_s,
                quiet_every_s=quiet_s,
                asked=asked,
                keeping=kept,
                stays=places,
            )
            lines = _Lines(as_json=values["as_json"], every=max(1, round(every_s / judged_s)), places=places)
            with closing(seen):
                return _show(seen, conditions, alerts, lines, signals)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ends() -> list[int]:
    """The signals that end following in order; a hang-up too, unless the caller ignores it as nohup does."""
    hangup: Any = getattr(signal, "SIGHUP", None)
    heeds = hangup is not None and signal.getsignal(hangup) == signal.SIG_DFL
    return [signal.SIGINT, signal.SIGTERM, *([hangup] if heeds else [])]


def _show(snapshots: Any, conditions: list[Any], alerts: list[Any], lines: "_Lines", signals: list[int]) -> int:
    """Prints snapshots as they come, and what was seen in all. Returns the exit code; raises Cancelled for Ctrl+C."""
    from logcorr.query import live_conditions

    failed: list[str] = []
    for snapshot in snapshots:
        lines.add(snapshot, live_conditions.verdicts(alerts, snapshot))
        failed = list(live_conditions.verdicts(conditions, snapshot).values())
        if failed:
            snapshots.close()
            break
    lines.end()
    for told in failed:
        say(told)
    if failed:
        return FAILED_CONDITION
    if signal.SIGINT in signals:
        raise Cancelled("interrupted.")
    return 0


class _Lines:
    """Writes snapshots to stdout, and what becomes of files and alerts to stderr."""

    def __init__(self, *, as_json: bool, every: int, places: bool) -> None:
        """One of `every` snapshots is printed, in JSON with the places of lines where they can be asked for."""
        self._as_json, self._every, self._number, self._places = as_json, every, 0, places
        self._last: Any = None
        self._before, self._held = "", dict[str, str]()
        # Doubts are said once: their numbers change all the time.
        self._doubted = False
        # The instants of the logs since which alerts hold.
        self._since: dict[str, int | None] = {}

    def add(self, snapshot: Any, held: dict[str, str]) -> None:
        """Writes a snapshot, and alerts that begin or cease to hold; `held` are those that hold, in words."""
        from logcorr.render import watch_lines

        self._last = snapshot
        for notice in snapshot.notices:
            say(f"note: {notice}")
        if snapshot.doubts and not self._doubted:
            self._doubted = True
            for doubt in snapshot.doubts:
                say(f"doubtful: {doubt}")
        self._number += 1
        self._since = {text: self._since.get(text, snapshot.now_us) for text in held}
        shown = watch_lines.line(snapshot)
        if self._number % self._every:
            pass
        elif self._as_json:
            self._put({**watch_lines.record(snapshot, places=self._places), "alerts": self._alerts(held)})
        elif shown != self._before:
            put(shown)
            self._before = shown
        for text in dict.fromkeys([*held, *self._held]):
            if text not in self._held:
                say(f"alert: {held[text]}")
            elif text not in held:
                say(f"alert: {text} does not hold any more.")
        self._held = held
        sys.stdout.flush()

    def _alerts(self, held: dict[str, str]) -> list[dict[str, Any]]:
        return [
            {"condition": condition, "told": told, "since": text_or_none(self._since[condition])}
            for condition, told in held.items()
        ]

    def end(self) -> None:
        """Writes what was seen in all."""
        from logcorr.render import watch_lines

        if self._last is None:
            return
        if self._as_json:
            self._put(watch_lines.record(self._last, last=True, places=self._places))
        else:
            put(watch_lines.closing(self._last))
        sys.stdout.flush()

    @staticmethod
    def _put(record: dict[str, Any]) -> None:
        import msgspec

        put_json(msgspec.json.encode(record).decode())


def _options(logs: tuple[str, ...], values: dict[str, Any]) -> WatchOptions:
    requests, responses = values["requests"], values["responses"]
    if bool(requests) != bool(responses) or bool(logs) == bool(requests):
        message = "give one LOG that holds both events, REQUESTS and RESPONSES, or access logs."
        raise UsageError(message)
    standard_input.check_once([*logs, *requests, *responses])
    memory = values["memory"]
    return WatchOptions(
        logs=(requests, responses) if requests else tuple((word,) for word in logs),
        sides=bool(requests),
        form=None if values["form"] == "auto" else values["form"],
        reading=reading(values),
        pairing=values["pairing"],
        duration=values["duration"],
        collapse=values["collapse"],
        collapse_ids=values["collapse_ids"],
        skew_us=clock_skew.skew_us(values["skew"]),
        longest_window_us=values["longest_window"],
        last_us=values["last"],
        window_us=positive("--window", values["window"]),
        timeout_us=positive("--timeout", values["timeout"]),
        lateness_us=values["lateness"],
        where=values["where"],
        memory_bytes=resources.default_memory() if memory is None else positive("--memory", memory),
    )
