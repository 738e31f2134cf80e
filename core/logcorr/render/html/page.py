"""Makes the HTML page of a run or of a comparison: one file that holds all it shows, and loads nothing.

A policy in the page forbids it to load, to send and to run anything but the style sheet and the script that stand in
it, told by their hashes. All texts are escaped by the template, and the figures for the script are data, not script.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path

import jinja2
import msgspec

from logcorr.model.diff import Diff
from logcorr.model.errors import LogcorrError
from logcorr.render.html import diff_page, page_charts, run_page
from logcorr.render.html.page_model import Chart, Page
from logcorr.runs.run_folder import RunFolder

MOST_BYTES = 2_000_000
_HERE = Path(__file__).parent
# What could end the element that holds the data, begin a comment in it, or end a line of a script.
_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})


def run_html(run: RunFolder) -> bytes:
    """The page of a finished run, in UTF-8, of at most 2 MB. Raises InputError where the run is damaged."""
    timeline = run.report.timeline
    return _html(run_page.page_of(run), page_charts.time_data(timeline))


def diff_html(diff: Diff) -> bytes:
    """The page of a comparison of two runs, in UTF-8, of at most 2 MB."""
    return _html(diff_page.page_of(diff), {})


def json_for_html(value: object) -> str:
    """JSON of the same value that can stand in a `script` element: nothing in it ends the element."""
    return msgspec.json.encode(value).decode().translate(_ESCAPES)


def _html(page: Page, times: dict[str, object]) -> bytes:
    style, script = _style(), _script()
    charts = {
        panel.id: {"form": panel.form, **panel.data}
        for section in page.sections
        for panel in section.panels
        if isinstance(panel, Chart)
    }
    text = _template().render(
        page=page,
        style=style,
        script=script,
        policy=_policy(style, script),
        data=json_for_html({"times": times, "charts": charts}),
    )
    html = text.encode()
    if len(html) > MOST_BYTES:
        message = f"the HTML report takes {len(html):,} bytes, more than {MOST_BYTES:,}. Report this."
        raise LogcorrError(message)
    return html


def _policy(style: str, script: str) -> str:
    parts = [
        "default-src 'none'",
        f"style-src {_hash(style)}",
        f"script-src {_hash(script)}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
    return "; ".join(parts)


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@cache
def _style() -> str:
    return "\n".join(_text(name) for name in ("vendor/uPlot.min.css", "assets/page.css"))


@cache
def _script() -> str:
    # The licence of uPlot asks for its text wherever uPlot is.
    licence = f"/*! uPlot\n\n{_text('vendor/LICENSE')}*/"
    names = ("vendor/uPlot.iife.min.js", "assets/charts.js", "assets/page.js")
    return "\n".join([licence, *(_text(name) for name in names)])


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf8")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("page.html")
