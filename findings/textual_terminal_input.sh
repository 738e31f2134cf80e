#!/bin/sh
# Textual hands replies of the terminal that it does not know, or that come late, to the app letter by letter; and after
# Ctrl+Z and fg it paints nothing anew in a terminal whose size is as before. Needs python3 with venv, and the network.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install textual==8.2.8
cat >"$work/show.py" <<'PY'
import time
from importlib.metadata import version

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.events import Key


def keys(*blocks: str) -> list[str]:
    """The keys that come of blocks that are read a fifth of a second apart, as Textual's driver reads them."""
    parser, found = XTermParser(), []
    for block in blocks:
        found += parser.feed(block)
        time.sleep(0.2)
        found += parser.tick()
    return [event.key for event in found if isinstance(event, Key)]


class Shown(App):
    asked = 0

    def refresh(self, *words, **more):
        self.asked += 1
        return super().refresh(*words, **more)


print("textual", version("textual"))
print("expected: no reply of a terminal acts as keys, and after SignalResume the screen is painted")
attributes = keys("\x1b[?62;22c")
background = keys("\x1b]11;rgb:ffff/ffff/ffff\x1b\\")
split = keys("\x1b[?2026", ";2$y")
app = Shown()
app.asked = 0
app._resume_signal()
print("attributes act as:", attributes)
print("background acts as:", background)
print("a mode report in two pieces acts as:", split)
print("calls of refresh after a resume:", app.asked)
raise SystemExit(0 if attributes and background and split and not app.asked else 1)
PY
"$work/venv/bin/python" "$work/show.py"
