"""The Export screen: which rows (as filtered, or all), to which file, in which form. Enter writes with the defaults.

One form is a page of the whole report, whatever the rows.

In a browser the file is a download: it is written where only this process can read it, and given to the page.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, RadioButton, RadioSet, Static
from textual.worker import Worker

from logcorr.model.errors import Cancelled, LogcorrError
from logcorr.model.options import OUTPUT_FORMS, View
from logcorr.runs.run_folder import RunFolder
from logcorr.text.quantities import percent, short, size
from logcorr.text.safe import safe
from logcorr_tui.look import palette
from logcorr_tui.work.file_names import size_of, unused_name
from logcorr_tui.work.path_completion import PathSuggester

if TYPE_CHECKING:
    from logcorr_tui.work.export_job import ExportJob

_EVERY_S = 0.2
_HTML_FORM = ".html"
_PAGE = "the whole report as one HTML page, whatever the rows above"


class Choice(RadioButton):
    """A radio button with a sign that tells whether it is chosen. Textual's tells it by colour alone."""

    @property
    def _button(self) -> Content:
        self.BUTTON_INNER = "●" if self.value else " "
        return super()._button


class ExportScreen(ModalScreen[str | None]):
    """Writes a view to a file; the result is its path, or None. The path field has the focus: Enter exports.

    In a browser the path is the name of the download.
    """

    CSS_PATH = "export.tcss"
    AUTO_FOCUS = "#path"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back or cancel", id="export.back", tooltip="Cancel the export, or go back"),
        Binding("ctrl+f", "form", "Other form", id="export.form", tooltip="json, ndjson, csv, parquet, html"),
        Binding(
            "ctrl+a", "what", "All or filtered", id="export.what", tooltip="All rows, or as filtered", priority=True
        ),
    ]

    def __init__(self, run: RunFolder, view: View, expression: str, root: Path) -> None:
        super().__init__()
        self._run, self._view, self._expression, self._root = run, view, expression.strip(), root
        self._export: ExportJob | None = None
        self._replace = ""
        self._written = ""

    def compose(self) -> ComposeResult:
        name = f"{self._view}-filtered" if self._expression else self._view
        with Vertical(id="box") as box:
            box.border_title = f"Export {self._view}"
            box.border_subtitle = "⏎ export · ^f form · ^a all or filtered · Esc back"
            with RadioSet(id="what", compact=True):
                if self._expression:
                    yield Choice(Text(f"as filtered: {safe(self._expression, 60)}"), value=True, id="filtered")
                yield Choice(f"all rows of {self._view}", value=not self._expression, id="all")
            web = self.app.is_web
            to, path = (
                ("downloads under a name", f"{name}.json")
                if web
                else ("to a file", str(unused_name(Path(f"{name}.json"))))
            )
            yield Static(f"{to}, as its ending says: .json .ndjson .jsonl .csv .parquet .html", classes="label")
            yield Input(path, suggester=None if web else PathSuggester(), id="path", select_on_focus=False)
            yield Static(id="told")
            with Horizontal():
                yield Button("Back", id="back")
                yield Button("Export", id="go", variant="primary")

    def action_back(self) -> None:
        """Cancels the export in progress, or leaves the screen."""
        if self._export is not None:
            self._export.cancel()
            self._tell("cancelling …")
        else:
            self.dismiss(self._written or None)

    def action_form(self) -> None:
        """Gives the file name the ending of the next form."""
        field = self.query_one("#path", Input)
        path = Path(field.value)
        forms = [*(form for form in OUTPUT_FORMS if form != ".jsonl"), _HTML_FORM]
        after = (forms.index(path.suffix) + 1) % len(forms) if path.suffix in forms else 0
        if path.name:
            field.value = str(path.with_suffix(forms[after]))
            field.cursor_position = len(field.value)

    def action_what(self) -> None:
        """Switches between all rows and the filtered rows."""
        if self._expression:
            other = "#filtered" if self._whole() else "#all"
            self.query_one(other, RadioButton).value = True

    @on(Input.Changed)
    def _other_path(self) -> None:
        self._replace = ""
        if self._export is None and not self._written:
            page = Path(self.query_one("#path", Input).value).suffix.lower() == _HTML_FORM
            self._tell(_PAGE if page else "")

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._start()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.action_back() if event.button.id == "back" else self._start()

    def _whole(self) -> bool:
        return self.query_one("#all", RadioButton).value

    def _start(self) -> None:
        if self._export is not None:
            return
        if self._written:  # a download goes on, and does not need this screen
            self.dismiss(self._written)
            return
        given = self.query_one("#path", Input).value.strip()
        if not given:
            self._tell("! name a file", bad=True)
            return
        if self.app.is_web:
            self._start_download(given)
            return
        path = Path(given).expanduser()
        there_bytes = size_of(path)
        if there_bytes is not None and self._replace != str(path):
            self._replace = str(path)
            there = f"{safe(path.name, 80)} exists ({size(there_bytes)}). Enter again replaces it."
            self._tell(f"! {there}", bad=True)
            return
        self._work(str(path), partial(self._write, path))

    def _start_download(self, name: str) -> None:
        if Path(name).name != name:
            self._tell("! a name without folders: the browser knows where downloads go", bad=True)
        else:
            self._work(name, partial(self._download, name))

    def _work(self, path: str, write: Callable[["ExportJob"], Awaitable[None]]) -> None:
        _: Worker[None] = self.run_worker(partial(self._follow, path, write), exclusive=True, exit_on_error=False)

    async def _follow(self, path: str, write: Callable[["ExportJob"], Awaitable[None]]) -> None:
        """Shows the progress of the export, and how the export ends."""
        from logcorr_tui.work.export_job import ExportJob

        expression = "" if self._whole() else self._expression
        self._export = export = ExportJob(self._run, self._view, expression, path, self._root)
        self._tell("exporting …")
        ticker = self.set_interval(_EVERY_S, self._tell_rows)
        try:
            await write(export)
        except Cancelled:
            self._tell("! cancelled; nothing was written.", bad=True)
        except LogcorrError as error:
            self._tell(f"! {error}", bad=True)
        except OSError as error:
            self._tell(f"! could not be written: {error.strerror or error}", bad=True)
        finally:
            ticker.stop()
            self._export = None

    def _tell_rows(self) -> None:
        if self._export is not None and not self._export.is_page:
            self._tell(f"exporting … {short(self._export.rows)} rows · Esc cancels")

    async def _write(self, path: Path, export: "ExportJob") -> None:
        await asyncio.to_thread(export.write, force=bool(self._replace))
        self._written, took = await asyncio.to_thread(lambda: (str(path.absolute()), size(path.stat().st_size)))
        what = _what(export)
        self.notify(f"{what}, {took}, in {safe(self._written, 200)}", title="Exported", markup=False)
        self.dismiss(self._written)

    async def _download(self, name: str, export: "ExportJob") -> None:
        file = await asyncio.to_thread(export.download)
        self.app.deliver_binary(file, save_directory=self._root, save_filename=name)
        # From here on the browser has the download, and can cancel it. Leaving this screen does not cancel it.
        self._export, self._written = None, name
        what = f"{_what(export)}, {size(file.size)}"
        while not file.closed:
            self._tell(f"downloads as {name}: {percent(file.taken, file.size, 0)} of {what}\nEnter or Esc goes back.")
            await asyncio.sleep(_EVERY_S)
        if file.whole:
            self.notify(f"{what}, downloaded as {name}", title="Exported", markup=False)
            self.dismiss(name)
        else:
            self._written = ""
            self._tell("! the download was ended by the browser. Enter starts it again.", bad=True)

    def on_unmount(self) -> None:
        if self._export is not None:
            self._export.cancel()

    def _tell(self, text: str, *, bad: bool = False) -> None:
        colours = palette.of(self.app)
        shown = "\n".join(safe(line, 400) for line in text.splitlines())
        self.query_one("#told", Static).update(Text(shown, style=colours.bad if bad else colours.ink))


def _what(export: "ExportJob") -> str:
    """What an export has written."""
    return "the report" if export.is_page else f"{export.rows:,} rows"
