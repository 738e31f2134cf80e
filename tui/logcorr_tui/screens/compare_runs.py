"""Two runs side by side, as `logcorr diff` shows them: what got worse, figures, status codes, users or endpoints."""

import asyncio
import threading
from functools import partial
from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker

from logcorr.compute.object_path import AnyPath
from logcorr.model.diff import Diff
from logcorr.model.errors import Cancelled, LogcorrError
from logcorr.render import diff_summary
from logcorr.render.diff_tables import Inks
from logcorr.runs.run_folder import RunFolder
from logcorr.text.safe import safe
from logcorr_tui.look import palette
from logcorr_tui.state.messages import Drill, OpenRows
from logcorr_tui.widgets.charts import diff_rows
from logcorr_tui.widgets.charts.fact_rows import Facts
from logcorr_tui.widgets.charts.fact_table import FactTable
from logcorr_tui.widgets.footer import FittingFooter

_SECTIONS = ("figures", "latency", "statuses", "failing", "slowing")
_SCROLL_BAR = 2


class CompareRunsScreen(Screen[None]):
    """Compares run A with run B in a thread, and shows the comparison."""

    CSS_PATH = "compare_runs.tcss"
    AUTO_FOCUS = "#body"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.step_back", "Back", id="diff.back", tooltip="Back to where you came from"),
        Binding("a", "rows(0)", "Rows in A", id="diff.rows_a", tooltip="Open run A, and show the rows behind this one"),
        Binding("b", "rows(1)", "Rows in B", id="diff.rows_b", tooltip="Open run B, and show the rows behind this one"),
        Binding("x", "swap", "Swap", id="diff.swap", tooltip="Let A and B change places"),
        Binding("tab", "section(1)", "Next table", id="diff.next", tooltip="To the next table"),
        Binding("shift+tab", "section(-1)", "Table before", id="diff.previous", tooltip="Back a table", show=False),
        Binding("j,down", "section(1)", "Down", id="diff.down", tooltip="Down", show=False),
        Binding("k,up", "section(-1, True)", "Up", id="diff.up", tooltip="Up", show=False),
        Binding("pagedown", "page(1)", "Page down", id="diff.page_down", tooltip="A page down", show=False),
        Binding("pageup", "page(-1)", "Page up", id="diff.page_up", tooltip="A page up", show=False),
        Binding("g,home", "end(-1)", "Top", id="diff.top", tooltip="To the top", show=False),
        Binding("G,end", "end(1)", "Bottom", id="diff.bottom", tooltip="To the bottom", show=False),
    ]

    def __init__(self, a: AnyPath, b: AnyPath) -> None:
        super().__init__()
        self._runs = (a, b)
        self._diff: Diff | None = None
        self._problem = ""
        self._cancel = threading.Event()

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        yield Static(id="runs")
        with VerticalScroll(id="body"):
            yield Static(id="worst")
            for name in _SECTIONS:
                yield FactTable(id=name, classes="panel")
            yield Vertical(id="more")
            yield Static(id="legend")
        yield FittingFooter()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._draw())
        self._compare()

    def on_unmount(self) -> None:
        # Textual would keep this screen for good as a listener.
        self.app.theme_changed_signal.unsubscribe(self)
        self._cancel.set()

    def on_resize(self) -> None:
        self._draw()

    def action_swap(self) -> None:
        """Swaps A and B, and compares again."""
        self._runs = self._runs[::-1]
        self._compare()

    @property
    def _tables(self) -> list[FactTable]:
        return [table for table in self.query(FactTable) if table.display]

    def action_section(self, step: int, last: bool = False) -> None:
        """Moves the focus to the next table, or the one before, and selects its first row, or its last."""
        tables = self._tables
        if not tables:
            return
        here = next((number for number, table in enumerate(tables) if table is self.focused), -1 if step > 0 else 0)
        table = tables[(here + step) % len(tables)]
        table.select(-1 if last else 0)
        table.focus()

    def action_page(self, step: int) -> None:
        """Scrolls a page. The selection stays where it is."""
        body = self.query_one("#body")
        body.scroll_relative(y=step * max(body.size.height - 2, 1), animate=False)

    def action_end(self, which: int) -> None:
        """Selects the first row of all, and shows what got worse; or selects the last row of all."""
        tables = self._tables
        if tables:
            table = tables[0 if which < 0 else -1]
            table.select(0 if which < 0 else -1)
            table.focus(scroll_visible=False)
        body = self.query_one("#body")
        # The selected row scrolls into sight before.
        self.call_after_refresh(
            lambda: body.scroll_to(y=0 if which < 0 else body.max_scroll_y, animate=False, immediate=True)
        )

    def on_drill(self, message: Drill) -> None:
        """Enter on a row shows its rows in B, the run after."""
        message.stop()
        self._open(self._runs[1], message)

    def action_rows(self, run: int) -> None:
        """Shows the rows behind the selected row in A (0) or B (1)."""
        target = self.focused.target() if isinstance(self.focused, FactTable) else None
        if target is None:
            self.notify(
                "Select a row of a table first, with ↑ and ↓: some rows, as the mean, have no rows of their own."
            )
        else:
            self._open(self._runs[run], target)

    def _open(self, folder: AnyPath, rows: Drill) -> None:
        self.app.post_message(OpenRows(folder, rows))

    def _compare(self) -> None:
        self._cancel.set()
        self._cancel = threading.Event()
        self._diff, self._problem = None, ""
        self._draw()
        work = partial(self._work, *self._runs, self._cancel)
        _: Worker[None] = self.run_worker(work, exclusive=True, exit_on_error=False)

    async def _work(self, a: AnyPath, b: AnyPath, cancel: threading.Event) -> None:
        def compared() -> Diff:
            # This imports polars, which must not hold up the thread that draws.
            from logcorr.query.compare.compare_runs import diff

            return diff(RunFolder(a), RunFolder(b), cancel=cancel)

        try:
            found = await asyncio.to_thread(compared)
        except Cancelled:
            return
        except LogcorrError as error:
            self._problem = str(error)
        else:
            self._diff = found
        if self.is_attached and not cancel.is_set():
            self._draw()
            if self._tables:
                self._tables[0].select(0, scroll=False)
                self._tables[0].focus(scroll_visible=False)

    def _draw(self) -> None:
        if not self.is_mounted or not self.query("#legend"):
            return
        colours, found = palette.of(self.app), self._diff
        inks = Inks(bad=colours.bad, good=colours.good, other=colours.info, warn=colours.warn, dim=colours.dim)
        width = max(self.size.width - _SCROLL_BAR, 20)
        self._head(found)
        told: dict[str, Facts] = {}
        more: list[Facts] = []
        for name, facts in diff_rows.tables(found, width) if found else []:
            if name in told:
                more.append(facts)
            else:
                told[name] = facts
        for name in _SECTIONS:
            self._show(self.query_one(f"#{name}", FactTable), told.get(name))
        self._further(more)
        worst, legend = self.query_one("#worst", Static), self.query_one("#legend", Static)
        if found is not None:
            worst.update(Group(*diff_summary.headline(found, width, inks)))
            legend.update(Text(_legend(found), colours.dim))
        elif self._problem:
            worst.update(Text(f" ! {safe(self._problem, 400)}", colours.bad))
            legend.update("")
        else:
            worst.update(Text(" comparing …", colours.dim))
            legend.update("")

    @staticmethod
    def _show(table: FactTable, facts: Facts | None) -> None:
        """Shows facts in a table, which keeps its selection where they are the same."""
        if table.facts != facts:
            table.show(facts)
        table.display = facts is not None
        table.styles.height = table.height

    def _further(self, tables: list[Facts]) -> None:
        """Shows the tables of further attributes, one below the other."""
        place = self.query_one("#more", Vertical)
        known = list(place.query(FactTable))
        for _ in tables[len(known) :]:
            table = FactTable()
            known.append(table)
            place.mount(table)
        for number, table in enumerate(known):
            self._show(table, tables[number] if number < len(tables) else None)
        place.display = bool(tables)

    def _head(self, found: Diff | None) -> None:
        colours = palette.of(self.app)
        head = Text.assemble(palette.badge(colours), "  A, before, and B, after")
        runs = [Text(f" {name}  {safe(run.name, 60)}") for name, run in zip("AB", self._runs, strict=True)]
        if found is not None:
            worse = diff_summary.got_worse(found)
            ground = colours.bad if worse else colours.good
            badge = Text(" ▲ worse " if worse else " ✓ not worse ", f"bold {colours.on_badge} on {ground}")
            head.pad_right(max(self.size.width - head.cell_len - badge.cell_len, 1))
            head.append_text(badge)
            sides = (("A", found.a), ("B", found.b))
            runs = [diff_summary.run_line(name, run, self.size.width, colours.dim) for name, run in sides]
        self.query_one("#head", Static).update(head)
        self.query_one("#runs", Static).update(Group(*runs))


def _legend(found: Diff) -> str:
    """What the signs and the columns mean, and what the keys do."""
    meaning = diff_summary.legend(found).partition("extra is ")[0]
    lost = " A request without a response has failed, too." if found.kind == "correlation" else ""
    return (
        f"{meaning}“more failed” is how many requests of B failed beyond A's rate, “more time” how much longer they "
        f"took in all than at A's pace.{lost} ⏎ or b shows the rows of a row in B, a those in A."
    )
