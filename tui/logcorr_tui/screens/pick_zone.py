"""The choice of the zone in which times are shown."""

import zoneinfo
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from logcorr.model.errors import UsageError
from logcorr.text.zones import zone_of
from logcorr_tui.look.safe_text import plain

_HINT = "A zone such as Europe/Berlin, an offset such as +05:30, local, or UTC. → completes."


class PickZoneScreen(ModalScreen[str | None]):
    """The result is the name of a zone, or None."""

    CSS_PATH = "pick_zone.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="zone.back", tooltip="Leave the zone as it is"),
    ]

    def __init__(self, present: str) -> None:
        super().__init__()
        self._present = present

    def compose(self) -> ComposeResult:
        names = ["UTC", "local", *sorted(zoneinfo.available_timezones())]
        with Vertical(id="box") as box:
            box.border_title = "Times in the zone"
            yield Input(self._present, suggester=SuggestFromList(names, case_sensitive=False), id="zone")
            yield Static(_HINT, id="said", markup=False)

    @on(Input.Submitted)
    def _given(self, message: Input.Submitted) -> None:
        message.stop()
        name = message.value.strip() or "UTC"
        try:
            zone_of(name)
        except UsageError as error:
            self.query_one("#said", Static).update(plain(str(error).removeprefix("--tz "), limit=200))
        else:
            self.dismiss(name)
