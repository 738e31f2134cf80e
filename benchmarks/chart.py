"""The picture for the README: wall and CPU of every contender as bars, in the colours of the app, dark and light.

A bar that would leave the others without room is broken off, and its figure still stands beside it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.roster import WORKS
from benchmarks.tables import BASE, middle, seconds, state

_WIDTH, _LEFT, _FULL = 960, 250, 400
_ROW, _HEAD, _TOP, _PAD = 34, 52, 64, 22
# Bars longer than this many times the longest of logcorr's own are broken off.
_MOST = 4.0

_STYLE = """
  text { font-family: "Fira Code", ui-monospace, Menlo, Consolas, monospace; font-size: 13px; fill: #c8d0f5 }
  .ground { fill: #0f111a } .panel { fill: #161822; stroke: #343a55 } .dim { fill: #868cae }
  .wall { fill: #868cae } .cpu { fill: #474c6b } .ours { fill: #7aa2f7 } .oursdeep { fill: #475d92 }
  .bad { fill: #f7768e }
  .break { stroke: #161822 } .bold { font-weight: 700 } .title { font-size: 16px; font-weight: 700 }
  @media (prefers-color-scheme: light) {
    text { fill: #1c2033 }
    .ground { fill: #fbfbfd } .panel { fill: #eff1f7; stroke: #bcc2d6 } .dim { fill: #565c78 }
    .wall { fill: #7d84a3 } .cpu { fill: #bcc2d6 } .ours { fill: #2b59c3 } .oursdeep { fill: #86a3e6 }
    .bad { fill: #bf1f45 } .break { stroke: #eff1f7 }
  }
"""


def chart(works: Mapping[str, Sequence[dict[str, Any]]], title: str, note: str) -> str:
    """The whole picture as SVG; contenders that are not installed are left out."""
    body: list[str] = []
    top = _TOP
    for work, records in works.items():
        shown = [record for record in records if not record["missing"]]
        if shown:
            body += _panel(WORKS[work], shown, top)
            top += _HEAD + _ROW * len(shown) + _PAD
    height = top + 26
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{height}" rx="8"/>',
        _text(24, 36, title, "title"),
    ]
    x = _WIDTH - 262
    legend = [_bar(x, 26, 12, "ours"), _bar(x + 16, 26, 12, "wall"), _text(x + 34, 36, "wall", "dim")]
    legend += [
        _bar(x + 100, 26, 12, "oursdeep"),
        _bar(x + 116, 26, 12, "cpu"),
        _text(x + 134, 36, "CPU, all cores", "dim"),
    ]
    return "\n".join([*head, *legend, *body, _text(24, height - 18, note, "dim"), "</svg>"]) + "\n"


def _panel(title: str, records: Sequence[Mapping[str, Any]], top: int) -> list[str]:
    height = _HEAD + _ROW * len(records)
    parts = [
        f'<rect class="panel" x="16" y="{top}" width="{_WIDTH - 32}" height="{height}" rx="6"/>',
        _text(32, top + 26, title, "bold"),
    ]
    scale = _scale(records)
    for place, record in enumerate(records):
        parts += _contender(record, top + 42 + _ROW * place, scale)
    return parts


def _scale(records: Sequence[Mapping[str, Any]]) -> float:
    """How many pixels a second is long."""
    longest = {record["name"]: max(middle(record, "wall_s"), middle(record, "cpu_s")) for record in records}
    ours = max((value for name, value in longest.items() if name.startswith(BASE)), default=0.0)
    most = max(longest.values())
    shown = min(most, ours * _MOST) if ours else most
    return _FULL / shown if shown else 0.0


def _contender(record: Mapping[str, Any], y: int, scale: float) -> list[str]:
    ours = record["name"].startswith(BASE)
    wall, cpu, trouble = middle(record, "wall_s"), middle(record, "cpu_s"), state(record)
    name = _text(_LEFT - 12, y + 15, record["title"], "bold" if ours else "", end=True)
    if not wall:
        return [name, _text(_LEFT, y + 15, trouble, "bad")]
    parts, longest = [name], 0
    for value, offset, height, kind in (
        (wall, 0, 12, "ours" if ours else "wall"),
        (cpu, 13, 7, "oursdeep" if ours else "cpu"),
    ):
        length = min(round(value * scale), _FULL)
        longest = max(longest, length)
        parts.append(_bar(_LEFT, y + offset, max(length, 1), kind, height))
        if value * scale > _FULL + 1:
            x = _LEFT + _FULL - 24
            cut = f"M{x} {y + offset + height}l6 -{height}M{x + 6} {y + offset + height}l6 -{height}"
            parts.append(f'<path class="break" stroke-width="3" d="{cut}"/>')
    x = _LEFT + longest + 10
    told = f"{seconds(wall)} s · CPU {seconds(cpu)} s · {middle(record, 'peak_rss') / 2**20:,.0f} MiB"
    kind = "bad" if trouble else "bold" if ours else "dim"
    parts.append(_text(x, y + 14, f"{trouble} · {told}" if trouble else told, kind))
    return parts


def _bar(x: int, y: int, length: int, kind: str, height: int = 12) -> str:
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{length}" height="{height}" rx="2"/>'


def _text(x: int, y: int, text: str, kind: str = "", *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    kinds = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}"{anchor}{kinds}>{escape(text)}</text>'
