"""The table for notebooks: the headline figures, and nothing that a log could add to the page."""

from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

import logcorr
from logcorr.api.notebook_table import html_table
from tests.support import access_reports, hostile, pair_reports
from tests.support.helpers import write_pair

TAGS = {"table", "caption", "tbody", "tr", "th", "td"}
PAGE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></tr></table><iframe src=//x.invalid>",
    "<!--",
    "&lt;b&gt;",
    "]]><style>*{display:none}</style>",
]


class Table(HTMLParser):
    """The tags and attributes of a page, and the texts of its cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.cells: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {*attrs}
        if tag in ("th", "td", "caption"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data.rstrip("\n")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data!r}")


def test_the_figures_of_a_correlation() -> None:
    table = Table(html_table(pair_reports.busy()))
    text = "|".join(table.cells)
    for figure in ("matched|12,", "99.62 %", "p50|14.2ms", "p99|812ms", "requests log|/var/log/shop/requests.log.zst"):
        assert figure in text
    assert table.tags == TAGS
    assert table.attributes == {("scope", "row")}


@pytest.mark.parametrize("text", [*hostile.PAYLOADS.values(), *PAGE, hostile.LONG])
def test_text_of_logs_is_inert(text: str) -> None:
    report = access_reports.busy()
    ledger = msgspec.structs.replace(report.inputs.access, files=[text] * 6)
    inputs = msgspec.structs.replace(report.inputs, access=ledger)
    page = html_table(msgspec.structs.replace(report, inputs=inputs, slowest_endpoint=text, busiest_endpoint=text))
    table = Table(page)
    assert table.tags == TAGS
    assert table.attributes == {("scope", "row")}
    assert hostile.faults(page.encode()) == []
    assert len(page) < 4_000
    assert "and 2 more" in page


def test_a_run_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pair(tmp_path)
    (tmp_path / "requests.log").rename(tmp_path / "<b>requests<b>.log")
    # Long names are cut.
    monkeypatch.chdir(tmp_path)
    run = logcorr.correlate("<b>requests<b>.log", "responses.log", store=tmp_path / "runs")
    table = Table(run._repr_html_())
    assert table.tags == TAGS
    assert "<b>requests<b>.log" in table.cells
    assert "2 of 3 requests (66.67 %)" in table.cells
