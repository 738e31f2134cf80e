"""Two runs side by side, as `logcorr diff` shows them: what got worse, figures, status codes, users or endpoints."""

import asyncio
import threading
from functools import partial
from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
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
from logcorr_tui.widgets.footer import FittingFooter

_SECTIONS = ("figures", "latency", "statuses", "failing", "slowing")
_SCROLL_BAR = 2


class CompareRunsScreen(Screen[None]):
    """Compares run A with run B in a thread, and shows the comparison."""

    CSS_PATH = "compare_runs.tcss"
    AUTO_FOCUS = "#body"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.step_back", "Back", id="diff.back", tooltip="Back to where you came from"),
        Binding("x", "swap", "Swap", id="diff.swap", tooltip="Let A and B change places"),
        Binding("tab", "section(1)", "Next part", id="diff.next", tooltip="To the next table"),
        Binding("shift+tab", "section(-1)", "Part before", id="diff.previous", tooltip="Back a table", show=False),
        Binding("j,down", "scroll(1)", "Down", id="diff.down", tooltip="Scroll down", show=False),
        Binding("k,up", "scroll(-1)", "Up", id="diff.up", tooltip="Scroll up", show=False),
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
                yield Static(id=name, classes="panel")
            yield Static(id="more")
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

    def action_section(self, step: int) -> None:
        """Scrolls the next table, or the one before, to the top."""
        body = self.query_one("#body")
        tops = [0, *(panel.virtual_region.y for panel in self.query(".panel") if panel.display)]
        here = round(body.scroll_y)
        after, before = [top for top in tops if top > here], [top for top in tops if top < here]
        if step > 0 and (not after or here >= body.max_scroll_y):
            body.scroll_to(y=0, animate=False)
        else:
            found = after[0] if step > 0 else before[-1] if before else body.max_scroll_y
            body.scroll_to(y=found, animate=False)

    def action_scroll(self, rows: int) -> None:
        self.query_one("#body").scroll_relative(y=rows, animate=False)

    def action_end(self, which: int) -> None:
        body = self.query_one("#body")
        body.scroll_to(y=0 if which < 0 else body.max_scroll_y, animate=False)

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

    def _draw(self) -> None:
        if not self.is_mounted or not self.query("#legend"):
            return
        colours, found = palette.of(self.app), self._diff
        inks = Inks(bad=colours.bad, good=colours.good, other=colours.info, warn=colours.warn, dim=colours.dim)
        width = max(self.size.width - _SCROLL_BAR, 20)
        self._head(found)
        parts = diff_summary.sections(found, width, inks) if found else []
        told: dict[str, diff_summary.Section] = {}
        for part in parts:
            told.setdefault(part.name, part)
        self._further([part for part in parts if part is not told[part.name]], colours)
        for name in _SECTIONS:
            panel = self.query_one(f"#{name}", Static)
            panel.display = name in told
            if name in told:
                panel.border_title = Text(f"{told[name].title} · {told[name].note}")
                panel.update(told[name].table)
        worst, legend = self.query_one("#worst", Static), self.query_one("#legend", Static)
        if found is not None:
            worst.update(Group(*diff_summary.headline(found, width, inks)))
            legend.update(Text(diff_summary.legend(found), colours.dim))
        elif self._problem:
            worst.update(Text(f" ! {safe(self._problem, 400)}", colours.bad))
            legend.update("")
        else:
            worst.update(Text(" comparing …", colours.dim))
            legend.update("")

    def _further(self, parts: list[diff_summary.Section], colours: palette.Palette) -> None:
        """Shows the tables of further attributes, one below the other."""
        panel = self.query_one("#more", Static)
        panel.display = bool(parts)
        tables = [
            item
            for part in parts
            for item in (Text(""), Text(f" {part.title} · {part.note}", f"bold {colours.ink}"), part.table)
        ]
        panel.update(Group(*tables))

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
