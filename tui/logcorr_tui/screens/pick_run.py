"""The choice of a run to compare with: the other runs of the same kind, newest first. Enter compares."""

import asyncio
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker

from logcorr.compute.object_path import AnyPath
from logcorr.model.errors import LogcorrError
from logcorr.runs.run_folder import RunFolder
from logcorr.text.safe import safe
from logcorr_tui.look.plain_text import hint
from logcorr_tui.widgets import recent_runs
from logcorr_tui.work.run_rows import run_rows

# The cells of frame and padding, and of the scroll bar, beside the lines; the share of the screen that the box takes.
_AROUND = 8
_WIDEST, _SHARE = 110, 0.9
_LEAST_WIDTH = 30


class PickRunScreen(ModalScreen[None]):
    """Shows the comparison of a run (B, after) with the run that is chosen here (A, before)."""

    CSS_PATH = "pick_run.tcss"
    AUTO_FOCUS = "#runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", id="pick.back", tooltip="Back without a comparison"),
        Binding("j", "down", "Down", id="pick.down", tooltip="The next run", show=False),
        Binding("k", "up", "Up", id="pick.up", tooltip="The run before", show=False),
    ]

    def __init__(self, run: AnyPath, root: AnyPath) -> None:
        super().__init__()
        self._run, self._root = run, root

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = "Compare with another run"
            box.border_subtitle = hint(self.app, "↑↓ select · ⏎ compare · Esc back")
            yield Static(id="columns")
            yield OptionList(id="runs", compact=True)
            yield Static("looking for runs …", id="told")

    def on_mount(self) -> None:
        _: Worker[None] = self.run_worker(self._load, exclusive=True)

    def action_down(self) -> None:
        self.query_one("#runs", OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one("#runs", OptionList).action_cursor_up()

    @on(OptionList.OptionSelected, "#runs")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        from logcorr_tui.screens.compare_runs import CompareRunsScreen

        if event.option_id is not None:
            self.app.switch_screen(CompareRunsScreen(self._root / event.option_id, self._run))

    async def _load(self) -> None:
        try:
            kind = await asyncio.to_thread(lambda: RunFolder(self._run).manifest.kind)
            rows = await asyncio.to_thread(run_rows, self._root)
        except LogcorrError as error:
            self._tell(f"! {error}")
            return
        if not self.is_attached:
            return
        fitting = [row for row in rows if row.get("kind") == kind and self._root / row["run"] != self._run]
        runs = self.query_one("#runs", OptionList)
        width = max(min(int(self.app.size.width * _SHARE), _WIDEST) - _AROUND, _LEAST_WIDTH)
        head, lines = recent_runs.lines(fitting, width)
        runs.add_options(Option(line, id=str(row["run"])) for line, row in zip(lines, fitting, strict=True))
        runs.highlighted = 0 if fitting else None
        head.stylize("dim")
        self.query_one("#columns", Static).update(head if fitting else "")
        how = "The chosen run is A, before; the one you come from is B, after. There, x swaps them."
        self._tell(how if fitting else "There is no other run of this kind yet.")

    def _tell(self, text: str) -> None:
        self.query_one("#told", Static).update(Text(safe(text, 400)))
