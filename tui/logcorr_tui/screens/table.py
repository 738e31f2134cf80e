"""The keys of a table: filter, sort, go to a row, copy, count, export, and from a row to what belongs to it."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, cast

from textual.binding import Binding, BindingType

from logcorr.model.errors import InputError, LogcorrError, StoreError, UsageError
from logcorr.query import count_by, filter_language, filter_names
from logcorr.query.view_pages import Row
from logcorr.runs import views
from logcorr_tui.look.safe_text import safe
from logcorr_tui.screens.drill_down import cell_term, drill, equal_label
from logcorr_tui.screens.sort_column import AS_STORED, ColumnPicker, SortPicker
from logcorr_tui.screens.table_rows import TableRows
from logcorr_tui.state.kept_filter import kept_time
from logcorr_tui.state.messages import CountRows, Drill, ExportView, FindOverRepresented, WidenRun
from logcorr_tui.state.navigation import COMPARED_VIEWS, title_of
from logcorr_tui.state.time_range import FORMS, instant, time_range
from logcorr_tui.widgets.table.cursor_keys import row_number
from logcorr_tui.widgets.table.filter_prompt import Prompt
from logcorr_tui.widgets.table.filter_values import known_values
from logcorr_tui.widgets.table.table_head import covered, narrowing
from logcorr_tui.widgets.table.window_table import WindowTable
from logcorr_tui.work.copied_rows import raw_lines_of, row_record
from logcorr_tui.work.view_rows import values_by_column

# The actions that need a row.
_OF_ROWS = (
    "sort",
    "turn",
    "go",
    "export",
    "copy",
    "copy_row",
    "copy_lines",
    "filter_cell",
    "count",
    "orphans",
    "differs",
)


class TableScreen(TableRows):
    """A table of rows with its keys, and what they do."""

    CSS_PATH = "table.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="table.filter", tooltip="Narrow the rows"),
        Binding("at", "time", "Time", key_display="@", id="table.time", tooltip="Keep to a time, in all views"),
        Binding("b", "count", "Count by", id="table.count", tooltip="Count these rows by user, status, …"),
        Binding("f", "filter_cell(True)", "Only this", id="table.only", tooltip="Keep the rows with this cell's value"),
        Binding("F", "filter_cell(False)", "Not this", id="table.without", show=False,
                tooltip="Leave out the rows with this cell's value"),
        Binding("o", "orphans", "Orphans", id="table.orphans", show=False,
                tooltip="The orphans of this user, or of this filter"),
        Binding("c", "collapse", "Join ids", id="table.collapse", tooltip="Count endpoints with * for ids"),
        Binding("s", "sort", "Sort", id="table.sort", tooltip="Sort by a column"),
        Binding("S", "turn", "Turn round", id="table.turn", tooltip="Turn the order round", show=False),
        Binding("colon", "go", "Go to", key_display=":", id="table.go", tooltip="Go to a row by number, time or id"),
        Binding("y", "copy", "Copy", id="table.copy", tooltip="Copy the cell under the cursor"),
        Binding("Y", "copy_row", "Copy row", id="table.copy_row", tooltip="Copy the row as JSON", show=False),
        Binding("ctrl+y", "copy_lines", "Copy lines", id="table.copy_lines", show=False,
                tooltip="Copy the raw lines of the row"),
        Binding("x,backspace", "remove_last", "Unfilter", id="table.unfilter", tooltip="Remove the last chip"),
        Binding("e", "export", "Export", id="table.export", tooltip="Write these rows to a file"),
        Binding("w", "differs", "Differs", id="table.differs", tooltip="Who and what is over-represented here"),
        Binding("escape", "back", "Back", id="table.back", tooltip="Cancel what is under way, or go back"),
    ]  # fmt: skip

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Unfilter needs a chip, and most keys need a row."""
        if action == "remove_last":
            return bool(self._query.chips or self._kept or narrowing(self._app.session.report))
        if action == "orphans":
            return "orphans" in self._app.session.views and self.view != "orphans"
        if action == "collapse":
            return self.view == "endpoints" and self._counting is None
        if action in _OF_ROWS and not self.has_rows:
            return False
        return super().check_action(action, parameters)

    def on_window_table_entered(self, message: WindowTable.Entered) -> None:
        """Enter on a row that stands for many rows shows these rows."""
        target = self._drill(message.row)
        if target is not None:
            self.post_message(target)

    def _drill(self, row: Row) -> Drill | None:
        try:
            return drill(self._base, row, self._counting) if self._base is not None else None
        except (InputError, StoreError) as error:
            self._note(safe(str(error), 400), bad=True)
            return None

    def _cell(self) -> tuple[str, object] | None:
        """The column and the value under the cursor."""
        table = self._table
        row, column = table.row(table.cursor), table.chosen_column
        if row is None or column is None or self._base is None:
            return None
        return column.name, values_by_column(self._pages or self._base, row).get(column.name)

    # Filter and order

    def action_filter(self) -> None:
        typed = " ".join([*self._query.typed, ""]) if self._query.typed else ""
        seen = known_values(self._app.session.report)
        self._prompt.ask("filter", typed, self._base.schema if self._base is not None else None, seen)

    def action_filter_cell(self, only: bool) -> None:
        """Filters by the value of the cell under the cursor."""
        cell = self._cell()
        if cell is None or self._base is None:
            return
        name, value = cell
        try:
            term = cell_term(name, value, self._base.schema, self._base.files, only=only)
            self._terms(self._base, term)
        except UsageError as error:
            self._note(str(error), bad=True)
            return
        self.filter_also(term)

    def action_sort(self) -> None:
        if self._base is not None:
            self.app.push_screen(SortPicker(self._base.columns, self._query.sort), self._sort_by)

    def action_turn(self) -> None:
        if self._query.sort is not None:
            self._sort_by(self._query.sort[0])

    def _sort_by(self, name: str | None) -> None:
        if name is not None and self._base is not None:
            self._reload(self._query.sorted_by(None if name == AS_STORED else name, self._base.columns))

    def on_window_table_header_clicked(self, message: WindowTable.HeaderClicked) -> None:
        self._sort_by(message.name)

    def action_remove_last(self) -> None:
        """Removes the last chip that holds here; else one that holds elsewhere only, else one of the run."""
        own = len(self._query.chips)
        here = [number for number, one in enumerate(self._kept) if self._fits(one)]
        if own or self._kept:
            self._remove_chip(len(self._kept) + own - 1 if own else (here or [len(self._kept) - 1])[-1])
        elif of_run := narrowing(self._app.session.report):
            self.post_message(WidenRun(of_run[-1]))

    # The prompt

    def action_go(self) -> None:
        self._prompt.ask("go")

    def action_time(self) -> None:
        self._prompt.ask("time", told=self._told_range)

    def _told_range(self, text: str) -> str:
        """What a typed range of time means. Raises UsageError."""
        if not text.strip():
            return FORMS
        return kept_time(*time_range(text, self._day, covered(self._app.session.report))).label

    def on_prompt_given(self, message: Prompt.Given) -> None:
        text = message.text.strip()
        try:
            if message.asked == "go":
                self._go(text)
            elif message.asked == "time":
                self._keep_time(text)
            elif self._base is not None:
                terms = self._terms(self._base, message.text)
                self._close_prompt()
                self._reload(replace(self._query, typed=tuple(term.text for term in terms)))
        except (LogcorrError, ValueError) as error:
            self._prompt.refuse(str(error))

    def _keep_time(self, text: str) -> None:
        """Keeps to a range of time in all views, or to all time for an empty text. Raises UsageError."""
        session = self._app.session
        if text:
            session.keep(kept_time(*time_range(text, self._day, covered(session.report))))
        else:
            for one in session.filters:
                if one.kind == "time":
                    session.drop(one)
        self._close_prompt()
        if self._kept_now != self._kept:
            self._open()

    def _go(self, text: str) -> None:
        """Goes to a row by its number or share, by a time, or by a part of its id. Raises UsageError or ValueError."""
        pages, at = self._pages, instant(text, self._day)
        time_column = next(iter(filter_names.columns_named("time", pages.schema)), None) if pages is not None else None
        if not text or pages is None or text.removesuffix("%").replace(",", "").isdigit():
            self._table.move_to(row_number(text, self._table.total))
            self._close_prompt()
        elif at is not None and time_column is not None:
            self._find(lambda: pages.nearest_at(time_column, round(at * 1e6)), f"no row has a time near {text}")
        else:
            term = filter_language.expression(self._terms(pages, filter_language.quoted(text)))
            start = self._table.cursor + 1
            self._find(
                lambda: pages.first_match(term, start),
                f"no row here has {safe(text, 60)!r}. / on the Overview looks in all views",
            )

    def _find(self, look: Callable[[], int | None], why_not: str) -> None:
        """Goes to the row that a thread finds."""
        pages = self._pages

        def found(number: int | None) -> None:
            if pages is not self._pages or self._prompt.asked != "go":
                return
            if number is None:
                self._prompt.refuse(f"{why_not}.")
            else:
                self._close_prompt()
                self._table.move_to(number)

        def looking() -> None:
            try:
                number = look()
            except LogcorrError as error:
                self.app.call_from_thread(self._prompt.refuse, str(error))
            else:
                self.app.call_from_thread(found, number)

        self.run_worker(looking, thread=True, group="find", exclusive=True, exit_on_error=False)

    # What belongs to the rows

    def action_count(self) -> None:
        """Asks by which column these rows are to be counted."""
        if (
            self._base is None
            or self._base.counted_by is not None
            or self.view in ("users", "endpoints", "ips", "windows")
        ):
            self._note("These rows are counted already: Enter shows those behind one.")
            return
        schema, columns = self._base.schema, count_by.countable(self._base.schema)
        cell = self._table.chosen_column
        first = (
            cell.name
            if cell is not None and cell.name in columns and cell.name not in ("request_id", "text")
            else columns[0]
        )

        def count(name: str | None) -> None:
            if name is not None:
                label = " ".join(self._query.chips)
                self.post_message(CountRows(self.view, self._query.expression, label, name))

        titles = {name: filter_names.short_name(name, schema) for name in columns}
        self.app.push_screen(ColumnPicker("Count these rows by", titles, first), count)

    def action_collapse(self) -> None:
        """Shows endpoints with `*` for the ids in their paths."""
        self.post_message(CountRows("exchanges", "", "", "endpoint", collapse_ids=True))

    def action_orphans(self) -> None:
        """Shows the orphans of the user of the row, or of the filter of these rows as far as orphans know it."""
        run = self._app.session.run
        if run is None or self._base is None:
            return
        row, expression, label = (
            self._table.row(self._table.cursor),
            self._query.expression,
            " ".join(self._query.chips),
        )
        if self.view == "users" and row is not None:
            user = values_by_column(self._base, row).get("user_id")
            expression = filter_language.equal("user_id", cast("str | None", user), self._base.schema)
            label = equal_label("user", user)
        try:
            schema = views.scan(run, "orphans").collect_schema()
            filter_language.parse(expression, schema, self._day, self._base.files)
        except (InputError, StoreError) as error:  # the run may have been removed meanwhile
            self._note(safe(str(error), 400), bad=True)
            return
        except UsageError:
            self._note(f"Orphans cannot be filtered by {safe(label, 100)}: they have no such value.", bad=True)
            return
        self.post_message(Drill("orphans", expression, label))

    def action_export(self) -> None:
        self.post_message(ExportView(self.view, self.expression))

    def action_differs(self) -> None:
        """Compares these rows with all others."""
        if self.view in COMPARED_VIEWS:
            label = " ".join([*(one.label for one in self._kept_here()), *self._query.chips])
            self.post_message(FindOverRepresented(self.view, self.expression, label))
        else:
            more = " Enter on a row shows its exchanges, and w there compares them."
            self._note(f"What differs compares exchanges and orphans, not {title_of(self.view).lower()}.{more}")

    # Copies

    def action_copy(self) -> None:
        """Copies the cell under the cursor."""
        cell = self._cell()
        row = self._table.row(self._table.cursor)
        if cell is not None and row is not None and self._base is not None:
            value = row_record(self._pages or self._base, row)[cell[0]]
            self.copy_text("" if value is None else str(value))

    def action_copy_row(self) -> None:
        """Copies the row as a JSON object."""
        row, pages = self._table.row(self._table.cursor), self._pages or self._base
        if row is not None and pages is not None:
            self.copy_text(json.dumps(row_record(pages, row), ensure_ascii=False), "the row")

    def action_copy_lines(self) -> None:
        """Copies the raw lines that the row was made of."""
        row, pages = self._table.row(self._table.cursor), self._pages or self._base
        if row is None or pages is None:
            return

        def read() -> None:
            try:
                lines = raw_lines_of(pages, row, threading.Event())
            except LogcorrError as error:
                self.app.call_from_thread(self._note, f"Not copied: {error}", bad=True)
                return
            if lines:
                what = "the raw line" if len(lines) == 1 else f"{len(lines)} raw lines"
                self.app.call_from_thread(self.copy_text, "\n".join(lines), what)
            else:
                self.app.call_from_thread(self._note, "This row is of no single line of a log.")

        self.run_worker(read, thread=True, group="copy", exit_on_error=False)
