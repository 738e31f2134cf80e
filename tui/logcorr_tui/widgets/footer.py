"""The footer: the keys that fit whole at the foot of a screen, and always help and quit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.screen import Screen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

_ALWAYS = ("app.help", "app.quit")
_PALETTE = "app.palette"
# The keys that are left out first where there is no room. Other keys follow, from the right.
_FIRST_TO_GO = (
    "app.theme",
    _PALETTE,
    "app.open",
    "table.go",
    "table.copy",
    "table.only",
    "table.differs",
    "table.unfilter",
    "table.sort",
    "app.export",
    "table.export",
)


@dataclass(frozen=True)
class Key:
    """A key in the footer: its id, its text, and how many cells it takes."""

    name: str
    display: str
    active: ActiveBinding

    @property
    def cells(self) -> int:
        """With blanks around the key and after the text; with a rule before the palette and a blank after it."""
        return cell_len(self.display) + cell_len(self.active.binding.description) + 3

    @property
    def look(self) -> tuple[object, ...]:
        """All that the widget of the key shows. A change makes a new widget."""
        return self.display, self.active.binding, self.active.enabled, self.active.tooltip


class FittingFooter(Footer):
    """Textual's footer without the keys that do not fit. Every key is in the help.

    Textual makes all its widgets anew each time the focus moves. This footer does only when the keys change.
    """

    _shown: list[tuple[object, ...]] | None = None

    def compose(self) -> ComposeResult:
        keys = self._fitting()
        self._shown = [key.look for key in keys]
        for key in keys:
            binding = key.active.binding
            shown = FooterKey(
                binding.key,
                key.display,
                binding.description,
                binding.action,
                disabled=not key.active.enabled,
                tooltip=key.active.tooltip or binding.description,
                classes="-command-palette" if key.name == _PALETTE else "",
            )
            if key.name != _PALETTE:
                # Not bound to the footer's, which would style each key twice more while a screen comes up.
                shown.set_reactive(FooterKey.compact, False)
            yield shown

    def on_mount(self) -> None:
        self.watch(self.screen, "stack_updates", self._when_drawn, init=False)

    def on_resize(self, _event: events.Resize) -> None:
        self.call_after_refresh(self._follow)

    def bindings_changed(self, screen: Screen[object]) -> None:
        if screen.app.app_focus and screen is self.screen:
            self.call_after_refresh(self._follow)

    def _when_drawn(self) -> None:
        self.call_after_refresh(self._follow)

    async def _follow(self) -> None:
        # A screen below another one would remember each new key as one to be drawn; it is told again when it resumes.
        if self.is_attached and self.screen.is_current and [key.look for key in self._fitting()] != self._shown:
            await self.recompose()

    def _fitting(self) -> list[Key]:
        return fitting(self._keys(), self.app.size.width)

    def _keys(self) -> list[Key]:
        found: dict[str, Key] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            palette = binding.key == self.app.COMMAND_PALETTE_BINDING
            if binding.show or palette:
                name = _PALETTE if palette else binding.id or binding.action
                found.setdefault(name, Key(name, self.app.get_key_display(binding), active))
        return list(found.values())


def fitting(keys: Sequence[Key], width: int) -> list[Key]:
    """The keys that fit whole, in their order, with the palette last."""
    kept = sorted(keys, key=lambda key: key.name == _PALETTE)
    for name in _leaving(kept):
        if sum(key.cells for key in kept) <= width:
            break
        kept = [key for key in kept if key.name != name]
    return kept


def _leaving(keys: Iterable[Key]) -> list[str]:
    rest = [key.name for key in keys if key.name not in (*_ALWAYS, *_FIRST_TO_GO)]
    return [*_FIRST_TO_GO, *reversed(rest)]
