"""A view of the run as a table: filter, sort, go to a row, Enter on a row, export."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from logcorr.model.errors import UsageError
from logcorr.model.options import View
from logcorr.query import filter_language
from logcorr.query.filter_language import Term
from logcorr.query.view_pages import ViewPages
from logcorr_tui.look.safe_text import plain, safe
from logcorr_tui.screens.detail import DetailScreen
from logcorr_tui.screens.drill_down import GROUPED_VIEWS, drill
from logcorr_tui.screens.sort_column import AS_STORED, SortPicker
from logcorr_tui.state.messages import ExportView, FindOverRepresented
from logcorr_tui.state.navigation import COMPARED_VIEWS, title_of
from logcorr_tui.state.overview_figures import figures
from logcorr_tui.state.row_query import DEFAULT_SORT, RowQuery
from logcorr_tui.state.session import ChosenTime, WithRoot
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.widgets.table.cursor_keys import row_number
from logcorr_tui.widgets.table.filter_chips import FilterChips
from logcorr_tui.widgets.table.filter_prompt import Prompt
from logcorr_tui.widgets.table.filter_values import known_values
from logcorr_tui.widgets.table.table_head import TableHead, reason_counts, why_empty
from logcorr_tui.widgets.table.window_table import WindowTable
from logcorr_tui.widgets.tabs import Tabs
from logcorr_tui.work.view_rows import ViewRows


class TableScreen(Screen[None]):
    """One view as a table of any size. `expression` is its first filter, `label` the text of the filter's chip."""

    CSS_PATH = "table.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="table.filter", tooltip="Narrow the rows"),
        Binding("s", "sort", "Sort", id="table.sort", tooltip="Sort by a column"),
        Binding("S", "turn", "Turn round", id="table.turn", tooltip="Turn the order round", show=False),
        Binding("colon", "go", "Go to", key_display=":", id="table.go", tooltip="Go to a row by its number"),
        Binding("x,backspace", "remove_last", "Unfilter", id="table.unfilter", tooltip="Remove the last chip"),
        Binding("e", "export", "Export", id="table.export", tooltip="Write these rows to a file"),
        Binding("w", "differs", "Differs", id="table.differs", tooltip="Who and what is over-represented here"),
        Binding("w", "no_differs", show=False, id="table.no_differs", tooltip="Why these rows are not compared"),
        Binding("escape", "back", "Back", id="table.back", tooltip="Cancel what is under way, or go back"),
    ]

    def __init__(self, view: View, expression: str = "", label: str = "") -> None:
        super().__init__()
        self.view: View = view
        self._query = RowQuery(drilled=expression.strip(), label=label, sort=DEFAULT_SORT.get(view))
        self._shown = self._query
        self._base: ViewPages | None = None
        self._pages: ViewPages | None = None
        self._view_total: int | None = None
        self._working = False
        # The row to come back to where a query is cancelled, and whether no row of the new query was shown yet.
        self._left_at: int | None = None
        self._fresh = True
        self._rows: ViewRows | None = None
        # The time on the timeline that the filter was last made of.
        self._chosen_time: ChosenTime | None = None

    @property
    def expression(self) -> str:
        """The whole filter of the rows, drilled and typed."""
        return self._query.expression

    @property
    def _app(self) -> WithRoot:
        return cast("WithRoot", self.app)

    @property
    def _table(self) -> WindowTable:
        return self.query_one(WindowTable)

    @property
    def _prompt(self) -> Prompt:
        return self.query_one(Prompt)

    def compose(self) -> ComposeResult:
        yield Tabs(self.view, id="tabs")
        yield TableHead(self.view, id="title")
        yield FilterChips()
        yield WindowTable(id="rows", grouped=self.view in GROUPED_VIEWS)
        yield Static("", id="nothing", markup=False)
        yield Prompt(id="prompt")
        yield FittingFooter()

    def on_mount(self) -> None:
        self._table.focus()
        self.query_one(Tabs).reload()
        self._titles()
        run = self._app.session.run
        if run is None:
            self._say("No run is open yet.")
            return
        work: Callable[[Callable[[], None]], object] = partial(self.run_worker, thread=True, exit_on_error=False)
        self._rows = ViewRows(self._app.root, work, self.post_message)
        self._begin("opening")
        self._rows.open(run, self.view)

    def on_screen_resume(self) -> None:
        if self._take_chosen_time():
            self._reload(self._query)

    def _take_chosen_time(self) -> bool:
        """Makes the time that is chosen on the timeline the first filter. Returns whether the query is another one.

        A view that has a number key takes it. A table that was drilled into has its own filter.
        """
        chosen = self._app.session.chosen_time
        if len(self.app.screen_stack) > 1 or chosen == self._chosen_time or self._base is None:
            return False
        self._chosen_time = chosen
        drilled, label = chosen.filter(self._base.schema) if chosen is not None else ("", "")
        if chosen is not None and not drilled:
            said = f"{title_of(self.view)}: these are of the whole run, {chosen.label} does not narrow them."
            self.notify(f"{said} w on the timeline shows who stands out in it.", title="Chosen time", markup=False)
        before, self._query = self._query, replace(self._query, drilled=drilled, label=label)
        return self._query != before

    def on_unmount(self) -> None:
        if self._rows is not None:
            self._rows.close()

    # The rows: threads post messages, handlers own the state

    def on_view_rows_opened(self, message: ViewRows.Opened) -> None:
        self._base = message.pages
        self._take_chosen_time()
        self._reload(self._query)

    def on_view_rows_counted(self, message: ViewRows.Counted) -> None:
        self._view_total = message.total
        self._titles()

    def _terms(self, base: ViewPages, expression: str) -> list[Term]:
        report = self._app.session.report
        day = filter_language.day_of(report) if report is not None else None
        return filter_language.parse(expression, base.schema, day, base.files)

    def _reload(self, query: RowQuery) -> None:
        """Starts a query for rows. A query in progress is cancelled."""
        self._query = query
        self.refresh_bindings()
        if self._base is None or self._rows is None:
            return
        try:
            terms = self._terms(self._base, query.expression)
        except UsageError as error:
            self._rows.cancel()
            self._working = False
            self._say(str(error))
            self._titles()
            return
        if self._left_at is None:
            self._left_at = self._table.cursor
        self._fresh = True
        self._begin("sorting" if query.sort else "filtering" if terms else "opening")
        self._rows.narrow(self._base, terms, query.sort)

    def _begin(self, what: str) -> None:
        self._working = True
        self._titles()
        self.query_one(TableHead).state(f"{what}… esc cancels")

    def on_view_rows_first(self, message: ViewRows.First) -> None:
        if self._rows is not None and message.query_number == self._rows.query_number:
            pages, rows = message.pages, message.rows
            self._top()
            self._table.sorted_by = self._query.sort
            self._table.show(None, pages.columns, len(rows), first=rows, files=pages.files)

    def on_view_rows_complete(self, message: ViewRows.Complete) -> None:
        rows, pages = self._rows, message.pages
        if rows is None or message.query_number != rows.query_number:
            if rows is not None:
                rows.drop(pages)
            return
        self._working = False
        before, self._pages, self._shown = self._pages, pages, self._query
        self._top()
        self._left_at = None
        self._show(pages, message.total)
        if before is not None:
            rows.drop(before)
        self._say("" if message.total else self._why_empty())

    def _why_empty(self) -> str:
        session = self._app.session
        found = figures(session)
        if found is not None and found.narrowed and not self._query.expression:
            return f"No rows: {found.why_nothing_left('row')}."
        return why_empty(self.view, session.kind, narrowed=bool(self._query.expression))

    def on_view_rows_failed(self, message: ViewRows.Failed) -> None:
        if self._rows is not None and message.query_number == self._rows.query_number:
            self._working = False
            self._say(message.said)
            self._titles()

    def on_window_table_broken(self, message: WindowTable.Broken) -> None:
        self.notify(safe(message.said, 400), severity="error", markup=False)

    def _top(self) -> None:
        """Puts the cursor on the first row of a new query."""
        if self._fresh:
            self._fresh, self._table.cursor = False, 0

    def _show(self, pages: ViewPages, total: int) -> None:
        self._table.sorted_by = self._query.sort
        self._table.show(pages, pages.columns, total, files=pages.files)
        self._titles()

    def _say(self, text: str) -> None:
        said = self.query_one("#nothing", Static)
        said.update(plain(text, limit=1000))
        said.display = bool(text)

    def _titles(self) -> None:
        shown = self._table.total if self._pages is not None else None
        head = self.query_one(TableHead)
        head.count(shown, self._view_total, self._table.cursor, narrowed=bool(self._shown.expression))
        if not self._working:
            head.state("")
        self.query_one(FilterChips).show(self._query.chips, reason_counts(self.view, self._app.session.report))

    def on_window_table_moved(self) -> None:
        self._titles()

    # Keys

    def on_window_table_entered(self, message: WindowTable.Entered) -> None:
        """Enter on a row that stands for many exchanges shows the exchanges."""
        target = drill(self._base, message.row) if self._base is not None else None
        if target is not None:
            self.post_message(target)

    def on_window_table_chosen(self, message: WindowTable.Chosen) -> None:
        if self._pages is not None and not self._working:
            detail = DetailScreen(self._pages, message.number, self._table.total)
            self.app.push_screen(detail, lambda number: None if number is None else self._table.move_to(number))

    def on_window_table_header_clicked(self, message: WindowTable.HeaderClicked) -> None:
        self._sort_by(message.name)

    def action_sort(self) -> None:
        if self._base is not None:
            self.app.push_screen(SortPicker(self._base.columns, self._query.sort), self._sort_by)

    def action_turn(self) -> None:
        if self._query.sort is not None:
            self._sort_by(self._query.sort[0])

    def _sort_by(self, name: str | None) -> None:
        if name is not None and self._base is not None:
            self._reload(self._query.sorted_by(None if name == AS_STORED else name, self._base.columns))

    def action_export(self) -> None:
        self.post_message(ExportView(self.view, self.expression))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What differs needs a view of exchanges. Unfilter needs a chip."""
        if action == "remove_last":
            return bool(self._query.chips)
        if action in ("differs", "no_differs"):
            return (self.view in COMPARED_VIEWS) == (action == "differs")
        return super().check_action(action, parameters)

    def action_differs(self) -> None:
        self.post_message(FindOverRepresented(self.view, self.expression, " ".join(self._query.chips)))

    def action_no_differs(self) -> None:
        """Says why the rows of this view are not compared."""
        said = f"{title_of(self.view)} cannot be compared, only exchanges and orphans can."
        if self.view in ("users", *GROUPED_VIEWS):
            said += " ⏎ on a row shows its exchanges, and w there compares them."
        self.notify(said, title="What differs")

    def action_remove_last(self) -> None:
        if self._query.chips:
            self._reload(self._query.without(len(self._query.chips) - 1))

    def on_filter_chips_removed(self, message: FilterChips.Removed) -> None:
        self._reload(self._query.without(message.number))

    def action_back(self) -> None:
        if self._prompt.asked:
            self._close_prompt()
        elif self._working and self._pages is not None and self._rows is not None:
            # Back to the rows that were shown before the query.
            self._rows.cancel()
            self._working = False
            self._query = self._shown
            self.refresh_bindings()
            self._table.cursor, self._left_at = self._left_at or 0, None
            self._show(self._pages, self._pages.total)
            self._say("")
        else:
            self.app.pop_screen()

    # The prompt

    def action_filter(self) -> None:
        typed = " ".join([*self._query.typed, ""]) if self._query.typed else ""
        seen = known_values(self._app.session.report)
        self._prompt.ask("filter", typed, self._base.schema if self._base is not None else None, seen)

    def action_go(self) -> None:
        self._prompt.ask("go")

    def _close_prompt(self) -> None:
        self._prompt.close()
        self.set_focus(self._table)

    def on_prompt_given(self, message: Prompt.Given) -> None:
        if message.asked == "go":
            self._go(message.text.strip())
        elif self._base is not None:
            try:
                terms = self._terms(self._base, message.text)
            except UsageError as error:
                self._prompt.refuse(str(error))
                return
            self._close_prompt()
            self._reload(replace(self._query, typed=tuple(term.text for term in terms)))

    def _go(self, text: str) -> None:
        try:
            number = row_number(text, self._table.total)
        except ValueError as error:
            self._prompt.refuse(str(error))
            return
        self._close_prompt()
        self._table.move_to(number)
