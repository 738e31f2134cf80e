"""A view of the run as a table, or counted rows of a view: how rows are opened, filtered, sorted and shown."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import cast

from textual.app import ComposeResult
from textual.widgets import Static

from logcorr.model.errors import UsageError
from logcorr.model.options import View
from logcorr.query import filter_language
from logcorr.query.filter_language import Term
from logcorr.query.view_pages import ViewPages
from logcorr.text import zones
from logcorr_tui.look.safe_text import plain, safe
from logcorr_tui.screens.copy import CopyingScreen
from logcorr_tui.screens.detail import DetailScreen
from logcorr_tui.screens.drill_down import GROUPED_VIEWS
from logcorr_tui.state.kept_filter import KeptFilter
from logcorr_tui.state.messages import WidenRun
from logcorr_tui.state.overview_figures import figures
from logcorr_tui.state.row_query import COUNTED_VIEWS, DEFAULT_SORT, Counting, RowQuery
from logcorr_tui.state.session import WithRoot
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.widgets.table.filter_chips import FilterChips
from logcorr_tui.widgets.table.filter_prompt import Prompt
from logcorr_tui.widgets.table.table_head import TableHead, hint_of, narrowing, narrowing_chips, why_empty
from logcorr_tui.widgets.table.window_table import WindowTable
from logcorr_tui.widgets.tabs import Tabs
from logcorr_tui.work.view_rows import ViewRows

# Users of more exchanges than these are shown without their durations.
_MOST_COUNTED = 20_000_000


class TableRows(CopyingScreen):
    """One view as a table of any size. `expression` is its first filter, `label` the text of the filter's chip.

    With `counting` the rows are counted rows of the view. The filters that the session keeps hold in every table, but
    those of `apart`.
    """

    def __init__(
        self,
        view: View,
        expression: str = "",
        label: str = "",
        counting: Counting | None = None,
        apart: Sequence[KeptFilter] = (),
    ) -> None:
        super().__init__()
        self.view: View = view
        order = DEFAULT_SORT.get(view) if counting is None else (counting.order, True)
        self._query = RowQuery(drilled=expression.strip(), label=label, sort=order)
        self._shown = self._query
        self._counting = counting
        # The rows as they are stored or counted, and those that are shown.
        self._base: ViewPages | None = None
        self._pages: ViewPages | None = None
        self._view_total: int | None = None
        self._kept: tuple[KeptFilter, ...] = ()
        self._apart = {one.expression for one in apart}
        self._working = False
        # The row to come back to where a query is cancelled, and whether no row of the new query was shown yet.
        self._left_at: int | None = None
        self._fresh = True
        # The row whose detail is shown as soon as the query is done.
        self._wanted: int | None = None
        self._rows: ViewRows | None = None
        # Whether counted rows are to follow the stored ones, and rows that are not shown any more.
        self._more = False
        self._old_bases: list[ViewPages] = []

    @property
    def expression(self) -> str:
        """The whole filter of the rows of the view: what is kept, drilled and typed, or what is counted."""
        own = self._counting.expression if self._counting is not None else self._query.expression
        return " ".join([*(one.expression for one in self._kept_here()), *([own] if own else [])])

    @property
    def has_rows(self) -> bool:
        """Whether there are rows, as far as is known."""
        return self._pages is None or self._working or self._table.total > 0

    @property
    def _app(self) -> WithRoot:
        return cast("WithRoot", self.app)

    @property
    def _table(self) -> WindowTable:
        return self.query_one(WindowTable)

    @property
    def _prompt(self) -> Prompt:
        return self.query_one(Prompt)

    @property
    def _day(self) -> date | None:
        report = self._app.session.report
        return filter_language.day_of(report, zones.shown_zone()) if report is not None else None

    def compose(self) -> ComposeResult:
        yield Tabs(self.view, id="tabs")
        yield TableHead(self.view, self._counting, id="title")
        yield FilterChips()
        yield WindowTable(id="rows", grouped=self.view in GROUPED_VIEWS or self._counting is not None)
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
        self._table.wait_for_rows()
        self._open()

    def on_screen_resume(self) -> None:
        """Takes the filters that were kept or given up on another screen."""
        if self._rows is not None and self._kept != self._kept_now:
            self._open()

    @property
    def _kept_now(self) -> tuple[KeptFilter, ...]:
        return tuple(one for one in self._app.session.filters if one.expression not in self._apart)

    def on_unmount(self) -> None:
        if self._rows is not None:
            self._rows.close()

    # The rows: threads post messages, handlers own the state

    def _open(self) -> None:
        """Opens the rows, with the filters that are kept now. A query in progress is cancelled."""
        run = self._app.session.run
        if self._rows is None or run is None:
            return
        kept, self._kept = self._kept, self._kept_now
        counted = self._counting or self._counted_view(run.manifest.rows.get("exchanges", 0))
        if self._base is not None and counted is None:
            self._reload(self._query)
            return
        if kept != self._kept:
            self._view_total = None
        if counted is not None and self.view == "users" and not self._kept and self._base is None:
            # The stored rows are there at once. Their durations have to be counted.
            self._rows.open(run, self.view, then=counted)
        else:
            self._rows.open(run, self.view, counted, [one.expression for one in self._kept])
        self._begin("counting" if counted is not None else "opening")

    def _counted_view(self, exchanges: int) -> Counting | None:
        """What is to be counted for a view whose rows stand for many exchanges, where its stored rows do not do."""
        column = COUNTED_VIEWS.get(self.view)
        users = self.view == "users"
        if column is None or not (self._kept or (users and exchanges <= _MOST_COUNTED)):
            return None
        return Counting("exchanges", column, with_orphans=users)

    def on_view_rows_opened(self, message: ViewRows.Opened) -> None:
        if self._rows is None or message.query_number != self._rows.opening:
            return
        pages = message.pages
        if self._base is None:
            # The headings are there before any row is.
            self._table.sorted_by = self._query.sort
            self._table.show(None, pages.columns, 0, files=pages.files)
        follows, self._more = self._more, message.more
        if self._base is not None and self._base.counted_by is not None:
            self._old_bases.append(self._base)
        self._base = pages
        self._reload(self._query, more=message.more)
        # Rows that only get more columns stay where they are.
        self._fresh = not follows

    def on_view_rows_counted(self, message: ViewRows.Counted) -> None:
        self._view_total = message.total
        self._titles()

    def _terms(self, base: ViewPages, expression: str) -> list[Term]:
        return filter_language.parse(expression, base.schema, self._day, base.files, zones.shown_zone())

    def _kept_here(self) -> list[KeptFilter]:
        """The kept filters that rows of this table can be filtered by; those of counted rows are counted within."""
        return [one for one in self._kept if self._fits(one)]

    def _fits(self, one: KeptFilter) -> bool:
        if self._base is None or self._base.counted_by is not None:
            return True
        try:
            self._terms(self._base, one.expression)
        except UsageError:
            return False
        return True

    def _reload(self, query: RowQuery, *, more: bool = False) -> None:
        """Starts a query for rows. A query in progress is cancelled. `more` says that other rows will be opened."""
        self._query = query
        self.refresh_bindings()
        base = self._base
        if base is None or self._rows is None:
            return
        try:
            kept = [] if base.counted_by is not None else [one.expression for one in self._kept_here()]
            terms = self._terms(base, " ".join([*kept, query.expression]))
        except UsageError as error:
            self._rows.cancel()
            self._working = False
            self._say(str(error))
            self._titles()
            return
        order = query.sort if query.sort is not None and query.sort[0] in base.schema else None
        if self._left_at is None:
            self._left_at = self._table.cursor
        self._fresh = True
        self._begin("counting" if more else "sorting" if order else "filtering" if terms else "opening")
        self._rows.narrow(base, terms, order, keep_opening=more)

    def _begin(self, what: str) -> None:
        self._working = True
        self._titles()
        self.query_one(TableHead).state(f"{what}… esc cancels")
        if not self._table.total:
            self._say(f"{what}…")

    def on_view_rows_first(self, message: ViewRows.First) -> None:
        if self._rows is not None and message.query_number == self._rows.query_number:
            pages, rows = message.pages, message.rows
            self._top()
            self._table.sorted_by = self._query.sort
            self._say("")
            self._table.show(None, pages.columns, len(rows), first=rows, files=pages.files, day=self._day)
            self._table.rows_are_there(all_of_them=False)

    def on_view_rows_complete(self, message: ViewRows.Complete) -> None:
        rows, pages = self._rows, message.pages
        if rows is None or message.query_number != rows.query_number:
            if rows is not None:
                rows.drop(pages)
            return
        self._working = rows.opening_goes_on
        before, self._pages, self._shown = self._pages, pages, self._query
        self._top()
        self._left_at = None
        self._show(pages, message.total)
        self._old_bases += [before] if before is not None else []
        if self.app.screen is self:  # a detail on top may still read them
            for old in self._old_bases:
                rows.drop(old)
            self._old_bases = []
        self._say("" if message.total else self._why_empty())
        self._table.rows_are_there()
        self.refresh_bindings()
        wanted, self._wanted = self._wanted, None
        if wanted is not None and wanted == self._table.cursor and message.total:
            self.on_window_table_chosen(WindowTable.Chosen(wanted))

    def _why_empty(self) -> str:
        narrowed = bool(self._query.expression or self._kept_here())
        found = figures(self._app.session)
        if found is not None and found.narrowed and not narrowed:
            return f"No rows: {found.why_nothing_left('row')}."
        said = why_empty(self.view, self._app.session.kind, narrowed=narrowed)
        base = self._base
        terms = self._terms(base, " ".join(self._query.typed)) if base is not None else []
        meant = any(term.sign == "~" and {*str(term.value)} & {*"^$*[\\"} for term in terms)
        return f"{said} ~ looks for the very text; =~ takes a regular expression." if meant else said

    def on_view_rows_failed(self, message: ViewRows.Failed) -> None:
        if self._rows is not None and message.query_number == self._rows.query_number:
            self._working, self._wanted = False, None
            self._say(message.said)
            self._table.rows_are_there()
            self._titles()

    def on_window_table_broken(self, message: WindowTable.Broken) -> None:
        self.notify(safe(message.said, 400), severity="error", markup=False)

    def _top(self) -> None:
        """Puts the cursor on the first row of a new query."""
        if self._fresh:
            self._fresh, self._table.cursor = False, 0

    def _show(self, pages: ViewPages, total: int) -> None:
        self._table.sorted_by = self._query.sort
        self._table.show(pages, pages.columns, total, files=pages.files, day=self._day)
        self._titles()

    def show_times_anew(self) -> None:
        """Shows times in the zone of the app, after that has changed."""
        named = {one.expression: one.label for one in self._app.session.filters}
        self._kept = tuple(replace(one, label=named.get(one.expression, one.label)) for one in self._kept)
        if self._pages is not None:
            self._show(self._pages, self._pages.total)

    def _say(self, text: str) -> None:
        """Says why there are no rows: in the middle of the empty table, or else below the rows."""
        table, below = self._table, self.query_one("#nothing", Static)
        table.nothing = "" if table.total else text
        table.refresh()
        below.update(plain(text, limit=1000))
        below.display = bool(text and table.total)

    def _titles(self) -> None:
        shown = self._table.total if self._pages is not None else None
        head = self.query_one(TableHead)
        narrowed = bool(self._shown.expression or (self._kept_here() and self._counting is None))
        head.count(shown, self._view_total, self._table.cursor, narrowed=narrowed)
        if not self._working:
            head.state("")
        report = self._app.session.report
        kept = [one.label if self._fits(one) else f"{one.label} (not here)" for one in self._kept]
        chips = self.query_one(FilterChips)
        chips.show([*kept, *self._query.chips], hint_of(self.view, report), narrowing_chips(report))

    def on_window_table_moved(self) -> None:
        self._titles()

    def on_window_table_chosen(self, message: WindowTable.Chosen) -> None:
        counting = self._rows is not None and self._rows.opening_goes_on
        if self._pages is not None and (counting or not self._working):
            detail = DetailScreen(self._pages, message.number, self._table.total)
            self.app.push_screen(detail, lambda number: None if number is None else self._table.move_to(number))
        elif self._working:
            self._wanted = message.number

    # Chips, and the way back

    def _remove_chip(self, number: int) -> None:
        session = self._app.session
        if number < len(self._kept):
            session.drop(self._kept[number])
            self._open()
        else:
            self._reload(self._query.without(number - len(self._kept)))

    def on_filter_chips_of_run_removed(self, message: FilterChips.OfRunRemoved) -> None:
        names = narrowing(self._app.session.report)
        if message.number < len(names):
            self.post_message(WidenRun(names[message.number]))

    def on_filter_chips_removed(self, message: FilterChips.Removed) -> None:
        self._remove_chip(message.number)

    def action_back(self) -> None:
        if self._prompt.asked:
            self._close_prompt()
        elif self._working and self._pages is not None and self._rows is not None:
            # Back to the rows that were shown before the query.
            self._rows.cancel()
            self._working, self._wanted = False, None
            self._query = self._shown
            self.refresh_bindings()
            self._table.cursor, self._left_at = self._left_at or 0, None
            self._show(self._pages, self._pages.total)
            self._say("")
        else:
            self.app.pop_screen()

    def _close_prompt(self) -> None:
        self._prompt.close()
        self.set_focus(self._table)

    def filter_also(self, *terms: str) -> None:
        """Filters by more terms."""
        self._reload(replace(self._query, typed=(*self._query.typed, *terms)))
