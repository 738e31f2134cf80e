#!/bin/sh
# Textual gives a key to the widget that has the focus before the key before it has been acted upon: of `/abc` typed or
# pasted at once, where `/` moves the focus to a field, the letters go where the focus was. Key by key all is well.
# Needs python3 with venv, and the network.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install textual==8.2.8
cat >"$work/show.py" <<'PY'
import asyncio
from importlib.metadata import version

from textual import events
from textual.app import App
from textual.binding import Binding
from textual.widgets import Input, OptionList


class Find(App):
    BINDINGS = [Binding("/", "find", "Find")]

    def compose(self):
        yield OptionList("one", "two")
        yield Input()

    def on_mount(self):
        self.query_one(OptionList).focus()

    def action_find(self):
        self.query_one(Input).focus()


async def typed(*, at_once: bool) -> str:
    """What is in the field after /abc."""
    app = Find()
    async with app.run_test() as pilot:
        await pilot.pause()
        for key, character in (("slash", "/"), ("a", "a"), ("b", "b"), ("c", "c")):
            # As the driver posts a key that it has read.
            app.post_message(events.Key(key, character))
            if not at_once:
                await pilot.pause()
        await pilot.pause()
        return app.query_one(Input).value


print("textual", version("textual"))
print("expected: 'abc' both times")
slowly, at_once = asyncio.run(typed(at_once=False)), asyncio.run(typed(at_once=True))
print("key by key:", repr(slowly))
print("at once:   ", repr(at_once))
raise SystemExit(0 if slowly == "abc" and at_once != "abc" else 1)
PY
"$work/venv/bin/python" "$work/show.py"
