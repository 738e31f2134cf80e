"""What the page of a comparison of two runs shows: what got worse, and the tables of the summary in a terminal."""

import msgspec

from logcorr.model.diff import Diff, DiffRun
from logcorr.render import diff_summary
from logcorr.render.diff_tables import Inks
from logcorr.render.html import from_rich
from logcorr.render.html.page_model import Cell, Chart, Column, Fragment, Page, Section, Table
from logcorr.render.html.room import Room
from logcorr.text.safe import safe

# Wide enough for all columns of every table.
_WIDTH = 160
_TABLE_BYTES = 150_000
# The tones of a page stand for themselves.
_INKS = Inks(bad="bad", good="good", other="info", warn="warn", dim="dim")


def page_of(diff: Diff) -> Page:
    """All that the page of a comparison shows."""
    worse = diff_summary.got_worse(diff)
    tables: list[Table | Chart] = []
    room = Room()
    for k, section in enumerate(diff_summary.sections(diff, _WIDTH, _INKS)):
        table = from_rich.table(section.table, f"{section.name}-{k}", section.title, section.note)
        tables.append(msgspec.structs.replace(table, rows=room.within(table.rows, _TABLE_BYTES), whole=True))
    return Page(
        title=f"{safe(diff.a.run, 8)} and {safe(diff.b.run, 8)}",
        head=[Fragment("A ", "dim"), _logs(diff.a), Fragment(" → ", "lost"), Fragment("B ", "dim"), _logs(diff.b)],
        under=["two runs compared: A before, B after"],
        badge=Fragment("▲ worse", "bad") if worse else Fragment("✓ not worse", "good"),
        notices=[from_rich.notice(line) for line in diff_summary.headline(diff, _WIDTH, _INKS)],
        sections=[
            Section(id="runs", title="Before and after", panels=[_runs(diff.a, diff.b)]),
            Section(id="changes", title="What changed", panels=tables),
        ],
        foot=diff_summary.legend(diff),
    )


def _runs(*runs: DiffRun) -> Table:
    rows = [
        [
            Cell(name, "bold"),
            Cell(safe(run.run, 40)),
            Cell(_files(run)),
            Cell(_stamp(run.start)),
            Cell(_stamp(run.end)),
            Cell(_stamp(run.created)),
            Cell(safe(run.version, 40)),
        ]
        for name, run in zip("AB", runs, strict=False)
    ]
    columns = [Column("run"), Column("name"), Column("logs", wide=True), Column("from"), Column("to"), Column("made")]
    return Table(
        id="both",
        title="The two runs",
        columns=[*columns, Column("version")],
        rows=rows,
        whole=True,
        note="times are UTC",
    )


def _logs(run: DiffRun) -> Fragment:
    return Fragment(safe(diff_summary.logs(run), 100))


def _files(run: DiffRun) -> str:
    """The first file of each side, and how many others there are."""
    sides = [files for files in run.files.values() if files]
    return ", ".join(safe(files[0]) + (f" +{len(files) - 1:,}" if len(files) > 1 else "") for files in sides)


def _stamp(time: str | None) -> str:
    return safe(time, 40).replace("T", " ").removesuffix("Z")
