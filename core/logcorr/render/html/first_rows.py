"""The first rows of the views of a run, as tables: slowest and failed exchanges, orphans, malformed lines, windows.

No view is loaded as a whole: each query keeps as many rows as its table shows.
"""

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any

import msgspec
import polars as pl

from logcorr.model.manifest import Manifest
from logcorr.model.options import View
from logcorr.model.status import failures, key_of
from logcorr.query.top_rows import top_rows
from logcorr.render.html.from_rich import tone
from logcorr.render.html.page_model import Cell, Column, Table
from logcorr.render.html.room import Room
from logcorr.render.summary_tables import ink_of
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr.text import instants
from logcorr.text.quantities import duration, round_duration
from logcorr.text.safe import safe

MOST_ROWS = 1000
_EXCHANGES_BYTES, _ORPHANS_BYTES, _MALFORMED_BYTES = 520_000, 380_000, 130_000
_WINDOWS = 10
_TIMES = {"request_time": "asked at", "response_time": "answered at", "time": "at"}
_LINES = {"request_line": "request line", "response_line": "response line", "line": "line"}
_NUMBERS = ("status_code", "duration_us")
_NAMES = {"request_id": "request", "status_code": "status", "duration_us": "took"}
_Show = Callable[[Any], Cell]


def slowest(run: RunFolder, room: Room) -> Table:
    """The exchanges that took longest, first 1,000."""
    found = _first(run, "exchanges", "duration_us", descending=True)
    kind = _Kind("slowest", "Slowest", run.manifest.rows["exchanges"], _EXCHANGES_BYTES)
    return _exchanges(run.manifest, found, kind, room)


def failed(run: RunFolder, room: Room) -> Table:
    """The first 1,000 exchanges that failed, by the time of their requests."""
    found = _first(run, "errors", "request_time", descending=False)
    kind = _Kind("failed", "Failed", failures(run.report.status), _EXCHANGES_BYTES)
    return _exchanges(run.manifest, found, kind, room)


def orphans(run: RunFolder, room: Room) -> Table:
    """The first 1,000 orphans by time, each with its reason."""
    found = _first(run, "orphans", "time", descending=False)
    manifest = run.manifest
    names = ["side", "reason", "request_id", *_attributes(manifest, found), "status_code", "time", "line"]
    return _table(found, names, manifest, _Kind("orphans", "Orphans", manifest.rows["orphans"], _ORPHANS_BYTES), room)


def malformed(run: RunFolder, room: Room) -> Table:
    """The first 1,000 malformed lines, each with its reason and its text."""
    rows = views.scan(run, "malformed")
    found = _with_damage_named(run, "malformed", lambda: rows.head(MOST_ROWS).collect())
    manifest = run.manifest
    names = [*(["side"] if len(manifest.files) > 1 else []), "line", "reason", "text"]
    kind = _Kind("malformed", "Malformed lines", manifest.rows["malformed"], _MALFORMED_BYTES)
    return _table(found, names, manifest, kind, room)


def worst_windows(run: RunFolder) -> Table:
    """The windows with most failures. Where a run counts no windows, the points of its timeline stand for them."""
    report = run.report
    width = report.timeline.bucket_s
    if "windows" in views.views_of(run.manifest):
        found = _with_damage_named(run, "windows", lambda: views.scan(run, "windows").head(_WINDOWS).collect())
        width = report.windows.window_s if report.windows else width
        rows = [_window_of(row) for row in found.iter_rows(named=True)]
    else:
        points = [
            (point.start, point.requests, point.errors_4xx, point.errors_5xx, point.orphans)
            for point in report.timeline.points
        ]
        rows = sorted(points, key=lambda row: (-sum(row[2:]), row[0]))[:_WINDOWS]
    rows = [row for row in rows if sum(row[2:])]
    with_orphans = any(row[4] for row in rows)
    names = ["requests", "4xx", "5xx", *(["orphans"] if with_orphans else [])]
    columns = [Column("from"), *(Column(name, right=True) for name in (*names, "failed or lost"))]
    most = max((sum(row[2:]) for row in rows), default=1)
    cells = []
    for start, *counts in rows:
        lost = sum(counts[1:])
        inks = ("", "warn", "bad", "lost")
        shown = [number(n, ink) for n, ink in zip(counts[: len(names)], inks, strict=False)]
        cells.append([Cell(_stamp(start)[:19]), *shown, Cell(f"{lost:,}", "bad", lost, bar=lost / most)])
    note = f"of {round_duration(width * 1000)}, most failures first"
    return Table(id="windows", title="Worst windows", note=note, columns=columns, rows=cells, whole=True)


def orphans_by_reason(run: RunFolder, reasons: Sequence[str]) -> dict[str, list[int]]:
    """How many orphans of each reason there are at each point of the timeline. Orphans without a time are left out."""
    timeline = run.report.timeline
    if not timeline.points:
        return {}
    starts = {round(instants.seconds(point.start) * instants.SECOND_US): k for k, point in enumerate(timeline.points)}
    width = round(timeline.bucket_s * instants.SECOND_US)
    at = pl.col("time").cast(pl.Int64).floordiv(width) * width
    rows = views.scan(run, "orphans").group_by(at.alias("at"), "reason").len()
    found = _with_damage_named(run, "orphans", lambda: rows.collect(engine="streaming"))
    occurring = set(found["reason"].to_list())
    names = [*(reason for reason in reasons if reason in occurring), *sorted(occurring.difference(reasons))]
    counts = {safe(reason, 40): [0] * len(timeline.points) for reason in names}
    for start, reason, count in found.iter_rows():
        if start in starts:
            counts[safe(reason, 40)][starts[start]] += count
    return counts


def number(count: int, tone: str = "") -> Cell:
    """A count as a cell; a dash for 0."""
    return Cell(f"{count:,}", tone, count) if count else Cell("–", "dim", 0)


class _Kind(msgspec.Struct, frozen=True):
    """What a table of rows is of: its id and title, how many rows there are in all, and the bytes it may take."""

    id: str
    title: str
    total: int
    most_bytes: int


def _exchanges(manifest: Manifest, found: pl.DataFrame, kind: _Kind, room: Room) -> Table:
    names = ["duration_us", "status_code", "request_id", *_attributes(manifest, found), *_TIMES, *_LINES]
    return _table(found, names, manifest, kind, room)


def _table(found: pl.DataFrame, names: Sequence[str], manifest: Manifest, kind: _Kind, room: Room) -> Table:
    """The columns of `names` that there are, and that have a value in some row."""
    shown = [column for column in names if column in found.columns and found[column].null_count() < found.height]
    cells = zip(*(_column_cells(found, column, manifest) for column in shown), strict=True)
    rows = room.within((list(row) for row in cells), kind.most_bytes)
    note = f"first {len(rows):,} of {kind.total:,}" if len(rows) < kind.total else f"all {kind.total:,}"
    return Table(
        id=kind.id,
        title=kind.title,
        note=note,
        columns=[_head(column) for column in shown],
        rows=rows,
        long=True,
        named=False,
        whole=True,
    )


def _head(column: str) -> Column:
    name = {**_NAMES, **_TIMES, **_LINES}.get(column) or safe(column.removesuffix("_id").replace("_", " "), 40)
    return Column(name, right=column in _NUMBERS, wide=column in ("endpoint", "user_agent", "text"))


def _column_cells(found: pl.DataFrame, column: str, manifest: Manifest) -> list[Cell]:
    if column in _TIMES:
        texts = found.select(instants.text_of(pl.col(column))).to_series().to_list()
        return [Cell(_stamp(text), "dim") if text else Cell("–", "dim") for text in texts]
    if column in _LINES:
        return _places(found, column, manifest)
    show: dict[str, _Show] = {"duration_us": _took, "status_code": _status, "reason": _reason}
    return [show.get(column, _text)(value) for value in found[column].to_list()]


def _places(found: pl.DataFrame, column: str, manifest: Manifest) -> list[Cell]:
    """Where entries stand: the line, with its file where a side has several files."""
    file = column.replace("line", "file")
    own = column.removesuffix("_line")
    sides = found["side"].to_list() if "side" in found.columns else [own] * found.height
    cells = []
    for side, index, line in zip(sides, found[file].to_list(), found[column].to_list(), strict=True):
        names = manifest.files.get(side) or next(iter(manifest.files.values()))
        if line is None:
            cells.append(Cell("–", "dim"))
        elif len(names) > 1:
            cells.append(Cell(f"{safe(PurePath(names[index]).name, 40)}:{line}", "dim"))
        else:
            cells.append(Cell(f"{line:,}", "dim", line))
    return cells


def _attributes(manifest: Manifest, found: pl.DataFrame) -> list[str]:
    return [name for name in manifest.attributes if name in found.columns]


def _window_of(row: dict[str, Any]) -> tuple[str, int, int, int, int]:
    start = row["window_start"]
    text = start if isinstance(start, str) else start.strftime(f"{start.year:04d}-%m-%dT%H:%M:%S")
    return text, row["requests"], row["errors_4xx"], row["errors_5xx"], row.get("orphans") or 0


def _first(run: RunFolder, view: View, column: str, *, descending: bool) -> pl.DataFrame:
    """The first rows of a view in the order of a column; without values in it, the first rows as stored."""
    rows = views.scan(run, view)
    return _with_damage_named(run, view, lambda: top_rows(rows, rows, column, MOST_ROWS, descending=descending))


def _took(us: int | None) -> Cell:
    return Cell(duration(None if us is None else us / 1000), "bold", us)


def _status(code: int | None) -> Cell:
    return Cell(key_of(code), tone(ink_of(key_of(code))), code)


def _reason(reason: str | None) -> Cell:
    return Cell(safe(reason, 40).replace("_", " "), "lost")


def _text(value: object) -> Cell:
    return Cell(safe(None if value is None else str(value)), "" if value is not None else "dim")


def _stamp(text: str) -> str:
    return text.replace("T", " ").removesuffix("Z")


def _with_damage_named(run: RunFolder, view: View, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """What a query gives. Raises InputError where polars cannot read the files of the view."""
    try:
        return read()
    except views.UNREADABLE as error:
        raise run.damaged(view) from error
