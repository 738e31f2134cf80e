"""Keys that are typed ahead go where the key before them leads: `/status=503` typed at once all goes to the filter.

Textual hands a key to what has the focus, from where it rises to the app through one queue after the other. Keys that
come meanwhile would go to what had the focus before (findings/textual_keys_typed_ahead.sh). Here they wait until the key
before them has risen, and until a screen that it opened is there.
"""

from collections import deque

from textual import events, on
from textual.app import App
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

# A key waits no longer for the one before it, whatever became of that one.
_LONGEST_S = 0.3

Typed = events.Key | events.Paste


class KeyPassed(Message):
    """Goes the way of a key, right behind it. `screen` was shown when the key came."""

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        self.screen = screen


class KeysInOrderApp(App[None]):
    """An app in which no key overtakes what the key before it does."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[Typed] = deque()
        self._passing: KeyPassed | None = None
        self._patience: Timer | None = None

    async def on_event(self, event: events.Event) -> None:
        """Holds a key or a pasted text back while the one before it is on its way."""
        if not isinstance(event, Typed) or event.is_forwarded:
            await super().on_event(event)
        elif self._passing is not None:
            self._waiting.append(event)
        else:
            await self._pass(event)

    async def _pass(self, event: Typed) -> None:
        screen = self.screen
        target = self.focused or screen
        await super().on_event(event)
        self._passing = passing = KeyPassed(screen)
        self._patience = self.set_timer(_LONGEST_S, lambda: self._next(passing))
        if not target.post_message(passing):
            await self._next(passing)

    @on(KeyPassed)
    async def _passed(self, message: KeyPassed) -> None:
        """Lets the next key go, where another screen is shown now as soon as that is there."""
        if message is not self._passing:
            return
        if self._waiting and self.screen is not message.screen:
            self.screen.call_after_refresh(self.call_later, self._next, message)
        else:
            await self._next(message)

    async def _next(self, passed: KeyPassed) -> None:
        if passed is not self._passing:
            return
        self._passing = None
        if self._patience is not None:
            self._patience.stop()
        if self._waiting:
            await self._pass(self._waiting.popleft())
