"""The line of keys at the foot of a screen: made anew only when what it shows has changed.

Textual's own is made anew, widget by widget, each time a focus moves or a binding is looked at again.
"""

from textual import widgets
from textual.screen import Screen


class Footer(widgets.Footer):
    _shown: list[tuple[object, ...]] | None = None

    def bindings_changed(self, screen: Screen[object]) -> None:
        self._bindings_ready = True
        if screen.app.app_focus and self.is_attached and screen is self.screen:
            self.call_after_refresh(self._follow)

    async def _follow(self) -> None:
        if not self.is_attached:
            return
        active = self.screen.active_bindings
        palette = active.get(self.app.COMMAND_PALETTE_BINDING)
        found = [of for of in active.values() if of.binding.show or of is palette]
        shown: list[tuple[object, ...]] = [(of.binding, of.enabled, of.tooltip, of is palette) for of in found]
        if shown != self._shown:
            self._shown = shown
            await self.recompose()
