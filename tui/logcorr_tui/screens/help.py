"""The help: every key of the present screen and what the key does, and the words of the field."""

from typing import Any, ClassVar, Self

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from logcorr_tui.look import palette
from logcorr_tui.state import settings
from logcorr_tui.state.navigation import LIVE
from logcorr_tui.state.session import session_of

# Keys, what they do, and the id of the action. A word, and what it means.
Entry = tuple[str, str, str]
Word = tuple[str, str]
_MOTION = ("↑ ↓ PgUp PgDn", "up down PgUp PgDn")
_MOVES = "Up and down in a list or a page; Home and End go to its ends"
_PALETTE = "Every command by name"
_EXCHANGE = ("exchange", "A request and its response")
_SKEWED = ("skewed", "A response that is stamped before its request: the clocks of the two logs differ")
_WORDS: dict[str, tuple[Word, ...]] = {
    "correlation": (
        _EXCHANGE,
        ("orphan", "A request without a response, or a response without a request. Its reason is one of these:"),
        ("lost", "The other log goes on long enough for the partner, and does not hold it"),
        ("in flight", "A request so near the end of the response log that its response may come later"),
        ("before start", "A response so near the start of the request log that its request may be older"),
        ("too far", "The only partner is farther away than --max-duration allows"),
        ("repeated id", "Other entries of the same id are the pair"),
        ("redelivered", "The same line again: counted once"),
        ("superseded", "Another entry of its id was taken, by --pairing first or last"),
        _SKEWED,
        ("malformed", "A line that could not be read. The view Malformed tells why"),
        ("p99", "99 of 100 exchanges took no longer than this"),
    ),
    "access": (
        _EXCHANGE,
        ("suspicious", "An address that sends more requests in one window of time than --suspicious allows"),
        ("window", "A span of time of fixed length, a minute by default, in which requests are counted"),
        ("malformed", "A line that could not be read. The view Malformed tells why"),
        ("p99", "99 of 100 exchanges took no longer than this"),
    ),
}


# The words of the live screen.
_LIVE_WORDS: tuple[Word, ...] = (
    _EXCHANGE,
    ("in flight", "A request without a response so far; those that are overdue are among them"),
    ("overdue", "A request that has waited for longer than --timeout, by the time of the logs"),
    ("late", "A response that came after its request was overdue"),
    ("ahead", "A request that is stamped later than the present of the logs, which a few stray instants do not move"),
    ("window", "How far back the figures go. + and - change it; counts of the last hour are kept"),
    ("watermark", "The instant before which no entry is expected any more: the newest one less --lateness"),
    ("lateness", "How late an entry may come. A response whose request is later than that is one without a request"),
    ("given up", "Requests that were forgotten, the oldest first, as --memory has room for so many only"),
    ("to read", "What is in the logs already and was not read yet"),
    ("malformed", "A line that could not be read"),
    ("p99", "99 of 100 exchanges of the window took no longer than this"),
)


class HelpScreen(ModalScreen[None]):
    """The keys of a screen, and the words of the field. Arrows scroll, Escape goes back."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "Back", id="help.back", tooltip="Back to the screen"),
    ]

    def __init__(self, here: list[Entry], everywhere: list[Entry], *, live: bool = False) -> None:
        """With `live`, the words are those of logs that are followed."""
        super().__init__()
        self._here, self._everywhere, self._live = here, everywhere, live

    @classmethod
    def of(cls, screen: Screen[Any]) -> Self:
        """The help for a screen, with the keys that are bound now. Keys of any list or field share one line."""
        keys: dict[str, list[str]] = {}
        tips: dict[str, tuple[str, bool, bool]] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.id is None or "." not in binding.id:
                continue
            keys.setdefault(binding.id, []).append(screen.app.get_key_display(binding))
            shown = binding.show or (binding.id in tips and tips[binding.id][2])
            tip = active.tooltip or binding.description or binding.action
            tips[binding.id] = (tip, binding.id.startswith("app."), shown)
        # Keys in the footer come first.
        order = sorted(keys, key=lambda name: not tips[name][2])
        entries = [(" ".join(dict.fromkeys(keys[name])), tips[name][0], name) for name in order]
        here = [entry for entry in entries if not tips[entry[2]][1]]
        rest = [entry for entry in entries if tips[entry[2]][1]]
        motion = _MOTION[palette.of(screen.app).plain]
        live = screen.app.current_mode == LIVE
        return cls(here, [*rest, ("^p", _PALETTE, ""), (motion, _MOVES, "")], live=live)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box") as box:
            box.border_title = "Keys and words"
            box.border_subtitle = "Esc back"
            yield Static(id="keys")

    def on_mount(self) -> None:
        self.query_one("#keys", Static).update(self._table())
        self.query_one("#box").focus()

    def _table(self) -> Table:
        colours = palette.of(self.app)
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), expand=True)
        table.add_column(no_wrap=True, style=f"bold {colours.accent}")
        table.add_column(ratio=1)
        parts = (
            ("On this screen", [(keys, tip) for keys, tip, _ in self._here]),
            ("Everywhere", [(keys, tip) for keys, tip, _ in self._everywhere]),
            ("Words", list(_LIVE_WORDS if self._live else _WORDS[session_of(self).kind])),
        )
        for title, entries in parts:
            if entries:
                table.add_row("", Text(title, style=f"bold {colours.ink}"))
                for name, meaning in entries:
                    table.add_row(Text(name), Text(meaning))
                table.add_row()
        where = f"Keys, theme and first view can be set in {settings.settings_path()}; docs/settings.md tells how."
        table.add_row("", Text(where, style=colours.dim))
        return table
