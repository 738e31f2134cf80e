"""The help: every key of the present screen, what the key does, and the id to remap the key by."""

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

Entry = tuple[str, str, str]


class HelpScreen(ModalScreen[None]):
    """The keys of a screen as a table. Arrows scroll, Escape goes back."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "Back", id="help.back", tooltip="Back to the screen"),
    ]

    def __init__(self, here: list[Entry], everywhere: list[Entry]) -> None:
        super().__init__()
        self._here, self._everywhere = here, everywhere

    @classmethod
    def of(cls, screen: Screen[Any]) -> Self:
        """The help for a screen, with the keys that are bound now."""
        here: dict[str, list[str]] = {}
        tips: dict[str, tuple[str, bool]] = {}
        shown: set[str] = set()
        for active in screen.active_bindings.values():
            binding = active.binding
            name = binding.id or binding.action
            here.setdefault(name, []).append(screen.app.get_key_display(binding))
            shown.update([name] if binding.show else [])
            tips[name] = (active.tooltip or binding.description or binding.action, active.node is screen.app)
        entries = [(" ".join(dict.fromkeys(keys)), tips[name][0], name) for name, keys in here.items()]
        app = {name for name, (_, of_app) in tips.items() if of_app}

        def rank(entry: Entry) -> tuple[bool, bool]:
            """Keys in the footer come first, and keys of the screen before keys of any list or field."""
            return entry[2] not in shown, _of_any(entry)

        entries.sort(key=rank)
        return cls([e for e in entries if e[2] not in app], [e for e in entries if e[2] in app])

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box") as box:
            box.border_title = "Keys"
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
        table.add_column(no_wrap=True, style=colours.dim)
        for title, entries in (("On this screen", self._here), ("Everywhere", self._everywhere)):
            if entries:
                table.add_row("", Text(title, style=f"bold {colours.ink}"), "id for tui.toml")
                for keys, tip, name in entries:
                    table.add_row(Text(keys), Text(tip), Text(name if "." in name else ""))
                table.add_row()
        where = f'To change a key, write [keys] and "app.quit" = "ctrl+x" into {settings.settings_path()}'
        table.add_row("", Text(where, style=colours.dim), "")
        return table


def _of_any(entry: Entry) -> bool:
    """Whether a key belongs to any list or field, and not to the screen."""
    name = entry[2]
    return "." not in name or name.startswith(("app.", "screen."))
