"""The Run screen: the progress, memory and ledger of a run, or how the run failed and what helps."""

from typing import TYPE_CHECKING, ClassVar, cast

from rich.console import Group
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from logcorr_tui.look import palette
from logcorr_tui.state import messages
from logcorr_tui.state.session import WithRuns
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.widgets.run import ledger_table, run_failure, run_progress

if TYPE_CHECKING:
    from logcorr_tui.widgets.tabs import Tabs


class RunScreen(Screen[None]):
    """Shows the run in progress, the one that failed, or the figures of the finished one."""

    CSS_PATH = "run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "cancel", "Cancel", id="run.cancel", tooltip="Cancel the run, after a question"),
        Binding("r", "again", "Run again", id="run.again", tooltip="Run the same logs again"),
        Binding("j,down", "scroll_down", "Down", id="run.down", tooltip="Scroll down", show=False),
        Binding("k,up", "scroll_up", "Up", id="run.up", tooltip="Scroll up", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._failed: messages.Failed | None = None
        self._tabs: Tabs | None = None

    @property
    def _app(self) -> WithRuns:
        return cast("WithRuns", self.app)

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with VerticalScroll(id="all"):
            yield Static(id="failure")
            yield Static(id="stages")
            yield Static(id="figures", classes="panel")
            yield Static(id="files", classes="panel")
            yield Static(id="ledger", classes="panel")
        yield FittingFooter()

    def on_mount(self) -> None:
        if not self.query("#ledger"):  # the screen was dropped before it was shown
            return
        for name, title in (("figures", "Run"), ("files", "Files"), ("ledger", "Ledger · where every line went")):
            self.query_one(f"#{name}").border_title = title
        self.query_one("#failure").border_title = "✗ The run failed"
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._draw())
        self._draw()
        self.call_after_refresh(self._add_tabs)

    def on_unmount(self) -> None:
        # Textual would keep this screen for good as a listener.
        self.app.theme_changed_signal.unsubscribe(self)

    async def _add_tabs(self) -> None:
        """Adds the tabs after the first paint, because their imports take a while."""
        from logcorr_tui.widgets.tabs import Tabs

        if self.is_attached:
            self._tabs = Tabs("run", id="tabs")
            await self.mount(self._tabs, after="#head")
            self._draw()

    def on_resize(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Cancel is for a run in progress. Run again is for a run that ended without a result."""
        child = self._app.child
        if action == "cancel":
            return child is not None and child.running
        return self._failed is not None if action == "again" else True

    def action_cancel(self) -> None:
        self._app.cancel_run()

    def action_again(self) -> None:
        session = self._app.session
        if session.logs is not None:
            self.post_message(messages.StartRun(session.logs))

    def action_scroll_down(self) -> None:
        self.query_one("#all").scroll_down()

    def action_scroll_up(self) -> None:
        self.query_one("#all").scroll_up()

    def on_told_logs(self) -> None:
        self._draw()

    def on_progressed(self) -> None:
        self._draw()

    def on_estimated(self) -> None:
        self._draw()

    def on_finished(self) -> None:
        self._draw()

    def on_failed(self, message: messages.Failed) -> None:
        self._failed = message
        self.query_one("#failure").border_title = "The run was cancelled" if message.cancelled else "✗ The run failed"
        self._draw()
        self.refresh_bindings()

    def _draw(self) -> None:
        if not self.is_mounted or not self.query("#ledger"):
            return
        session, colours = self._app.session, palette.of(self.app)
        wide = max(40, self.size.width - 8)
        child = self._app.child
        state = "failed" if self._failed else "complete" if session.run else "running" if child else ""
        if state == "complete" and session.report is not None and session.report.warnings:
            state = "doubtful"
        if self._failed and self._failed.cancelled:
            state = "cancelled"
        if self._tabs is not None:
            self._tabs.reload()
        self.query_one("#head", Static).update(run_progress.head(session, state, self.size.width, colours))
        failure = self.query_one("#failure", Static)
        failure.display = self._failed is not None
        if self._failed:
            failure.update(run_failure.failure(self._failed, colours))
        event = session.progress
        self.query_one("#stages", Static).update(run_progress.stages(session, state, colours))
        figures = run_progress.finished(session, colours)
        if figures is None and event is not None:
            figures = run_progress.figures(session, event, wide, colours, stopped=self._failed is not None)
        before = run_progress.before_figures(session, colours, stopped=self._failed is not None)
        self.query_one("#figures", Static).update(figures or before)
        files = run_progress.files(session, wide, colours)
        self.query_one("#files", Static).update(Group(*files))
        self.query_one("#files").display = bool(files)
        ledger = ledger_table.ledger(session, colours)
        self.query_one("#ledger", Static).update(ledger)
