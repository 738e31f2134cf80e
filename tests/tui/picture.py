"""A screen of the app as an SVG that looks the same everywhere: blocks, frames and braille are drawn, not typed.

Letters are held in their cells whatever the font is. A line of the file is a line of the screen, and the text of the
screen stands before them, so that a change can be read where changes are reviewed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual.app import App
from textual.strip import Strip

from logcorr_tui.look.palette import blend

_WIDE, _HIGH = 9, 20
_BASELINE = 15
_MARGIN, _BAR = 12, 36
_STYLE = (
    "text{font:15px 'Fira Code','DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace;white-space:pre;"
    "font-variant-ligatures:none}"
    "path{shape-rendering:crispEdges}.f{shape-rendering:auto;fill:none;stroke-width:1.2}"
    ".b{font-weight:700}.i{font-style:italic}.u{text-decoration:underline}.s{text-decoration:line-through}"
)
# What every font has; other letters may come from fonts of other widths, and are squeezed into their cells one by one.
_TYPED = {*map(chr, range(0x20, 0x7F)), *map(chr, range(0xA1, 0x180))}

# Parts of a cell: from x, from y, width, height; in eighths.
_BLOCKS = {
    **{chr(0x2581 + k): (0, 7 - k, 8, k + 1) for k in range(8)},
    **{chr(0x2589 + k): (0, 0, 7 - k, 8) for k in range(7)},
    "▀": (0, 0, 8, 4),
    "▐": (4, 0, 4, 8),
    "▔": (0, 0, 8, 1),
    "▕": (7, 0, 1, 8),
}
# Strokes of a cell: where they begin, and how they go on.
_LEFT, _RIGHT, _UP, _DOWN = (0, 10, "h5"), (4, 10, "h5"), (4.5, 0, "v10.5"), (4.5, 9.5, "v10.5")
_FRAMES: dict[str, tuple[tuple[float, float, str], ...]] = {
    "│": ((4.5, 0, "v20"),),
    "╭": ((4.5, 20, "v-5.5q0-4.5 4.5-4.5"),),
    "╮": ((4.5, 20, "v-5.5q0-4.5-4.5-4.5"),),
    "╰": ((4.5, 0, "v5.5q0 4.5 4.5 4.5"),),
    "╯": ((4.5, 0, "v5.5q0 4.5-4.5 4.5"),),
    "┌": (_DOWN, _RIGHT),
    "┐": (_DOWN, _LEFT),
    "└": (_UP, _RIGHT),
    "┘": (_UP, _LEFT),
    "├": (_UP, _DOWN, _RIGHT),
    "┤": (_UP, _DOWN, _LEFT),
}


@dataclass(frozen=True)
class Look:
    """How cells are written: two colours, a letter for each of bold, italic, underlined, struck; any line at all."""

    ink: str
    paper: str
    classes: str
    lined: bool


class Box(NamedTuple):
    """A part of a line of the screen, in pixels from its top left."""

    x: float
    y: float
    wide: float
    high: float

    def path(self) -> str:
        """As SVG, whose lines lie on the letters' baseline."""
        return f"M{self.x:g} {self.y - _BASELINE:g}h{self.wide:g}v{self.high:g}h-{self.wide:g}z"


@dataclass
class Run:
    """Letters of one look, from cell `x` on; `plain` where every font has them."""

    x: int
    cells: int
    glyphs: str
    look: Look
    plain: bool

    def text(self) -> str:
        """As SVG, of exactly its length."""
        names = f' class="{" ".join(self.look.classes)}"' if self.look.classes else ""
        squeeze = "" if self.plain else ' lengthAdjust="spacingAndGlyphs"'
        return (
            f'<text x="{self.x * _WIDE}" fill="{self.look.ink}"{names} textLength="{self.cells * _WIDE}"{squeeze}>'
            f"{escape(self.glyphs, quote=False)}</text>"
        )


def strips_of(app: App[Any]) -> list[Strip]:
    """The lines of what is on the screen, dialogs over what lies below them."""
    update: Any = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    return [Strip.join(parts) for parts in update.strips]


def text_of(strips: Iterable[Strip]) -> list[str]:
    """The screen's text, a string a line, without the blanks at its end."""
    return [strip.text.rstrip() for strip in strips]


def svg(strips: Sequence[Strip], ink: str, paper: str, title: str = "") -> str:
    """The lines as a picture. `ink` and `paper` are the terminal's own colours; a title comes with a window."""
    wide, high = strips[0].cell_length * _WIDE, len(strips) * _HIGH
    left, top = (_MARGIN, _BAR) if title else (0, 0)
    whole, tall = wide + 2 * left, high + top + left
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {tall}" width="{whole}" height="{tall}">',
        "<desc>",
        *(escape(line, quote=False) for line in text_of(strips)),
        "</desc>",
        f"<style>{_STYLE}</style>",
        *(_window(whole, tall, title, ink, paper) if title else ()),
        f'<g transform="translate({left} {top + _BASELINE})">',
        _fill(paper, [Box(0, 0, wide, high)]),
        *(_row(strip, y, ink, paper) for y, strip in enumerate(strips)),
    ]
    return "\n".join([*lines, "</g>", "</svg>", ""])


def _window(wide: int, high: int, title: str, ink: str, paper: str) -> Iterator[str]:
    size = f'width="{wide - 1}" height="{high - 1}"'
    yield f'<rect x=".5" y=".5" {size} rx="8" fill="{paper}" stroke="{ink}" stroke-opacity=".35"/>'
    for number, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        yield f'<circle cx="{20 + number * 18}" cy="18" r="5.5" fill="{colour}"/>'
    yield f'<text x="{wide // 2}" y="23" fill="{ink}" fill-opacity=".7" text-anchor="middle">{escape(title)}</text>'


def _row(strip: Strip, y: int, ink: str, paper: str) -> str:
    """One line of the screen: grounds, then shapes, then letters."""
    grounds: dict[str, list[Box]] = defaultdict(list)
    blocks: dict[str, list[Box]] = defaultdict(list)
    frames: dict[str, list[str]] = defaultdict(list)
    runs: list[Run] = []
    x = 0
    for text, cells, look in _cells(strip, ink, paper):
        if look.paper != paper:
            _add(grounds[look.paper], Box(x * _WIDE, 0, cells * _WIDE, _HIGH))
        if text in _BLOCKS:
            _add(blocks[look.ink], _block(text, x))
        elif "\u2800" <= text <= "\u28ff":
            for dot in _dots(ord(text) - 0x2800, x):
                _add(blocks[look.ink], dot)
        elif text == "─" or text in _FRAMES:
            _stroke(frames[look.ink], x, text)
        elif text.strip() or look.lined:
            _type(runs, x, cells, text, look)
        x += cells
    drawn = [_fill(colour, boxes) for found in (grounds, blocks) for colour, boxes in found.items()]
    drawn += [f'<path class="f" stroke="{colour}" d="{"".join(pieces)}"/>' for colour, pieces in frames.items()]
    return f'<g transform="translate(0 {y * _HIGH})">{"".join(drawn)}{"".join(run.text() for run in runs)}</g>'


def _cells(strip: Strip, ink: str, paper: str) -> Iterator[tuple[str, int, Look]]:
    """Each character with the zero-width ones that follow it, its cells, and its look."""
    for segment in strip:
        look, held = _look(segment.style, ink, paper), ""
        for char in segment.text:
            if held and cell_len(char):
                yield held, cell_len(held), look
                held = ""
            held += char
        if held:
            yield held, cell_len(held), look


@lru_cache(maxsize=4096)
def _look(style: Style | None, ink: str, paper: str) -> Look:
    style = style or Style.null()
    front = style.color.get_truecolor().hex if style.color and not style.color.is_default else ink
    back = style.bgcolor.get_truecolor().hex if style.bgcolor and not style.bgcolor.is_default else paper
    if style.reverse:
        front, back = back, front
    if style.dim:
        front = blend(front, back, 0.4)
    classes = {"b": style.bold, "i": style.italic, "u": style.underline, "s": style.strike}
    return Look(front, back, "".join(name for name, on in classes.items() if on), bool(style.underline or style.strike))


def _add(boxes: list[Box], box: Box) -> None:
    """Boxes of one colour that touch become one."""
    last = boxes[-1] if boxes else None
    if last and last.x + last.wide == box.x and (last.y, last.high) == (box.y, box.high):
        boxes[-1] = last._replace(wide=last.wide + box.wide)
    else:
        boxes.append(box)


def _type(runs: list[Run], x: int, cells: int, text: str, look: Look) -> None:
    """Joins a letter to those before it, over one blank at most, where that cannot move it."""
    plain = text in _TYPED
    if runs and plain and runs[-1].plain and runs[-1].look == look:
        last = runs[-1]
        gap = x - last.x - last.cells
        if gap <= 1 - look.lined:
            last.glyphs += " " * gap + text
            last.cells += gap + cells
            return
    runs.append(Run(x, cells, text, look, plain))


def _block(text: str, x: int) -> Box:
    left, top, wide, high = _BLOCKS[text]
    # Eighths of a cell's width become whole pixels, so that they stay sharp.
    start, end = left * _WIDE // 8, -(-(left + wide) * _WIDE // 8)
    return Box(x * _WIDE + start, top * _HIGH / 8, end - start, high * _HIGH / 8)


def _dots(mask: int, x: int) -> Iterator[Box]:
    places = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
    for bit, (column, row) in enumerate(places):
        if mask >> bit & 1:
            yield Box(x * _WIDE + 1 + column * 4, 1 + row * 5, 3, 3)


def _stroke(pieces: list[str], x: int, text: str) -> None:
    """Adds the strokes of a frame's cell; a level one goes on where the last one ended."""
    end = f"H{x * _WIDE}"
    if text == "─" and pieces and pieces[-1].endswith(end):
        pieces[-1] = f"{pieces[-1].removesuffix(end)}H{(x + 1) * _WIDE}"
    elif text == "─":
        pieces.append(f"M{x * _WIDE} {_HIGH // 2 - _BASELINE}H{(x + 1) * _WIDE}")
    else:
        pieces += [f"M{x * _WIDE + dx:g} {dy - _BASELINE:g}{rest}" for dx, dy, rest in _FRAMES[text]]


def _fill(colour: str, boxes: list[Box]) -> str:
    return f'<path fill="{colour}" d="{"".join(box.path() for box in boxes)}"/>'
