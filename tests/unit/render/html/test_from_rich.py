"""Texts and tables of summaries become texts and tables of pages: same words, tones for colours."""

import pytest
from rich.panel import Panel
from rich.text import Text

from logcorr.model.report import Report
from logcorr.render import access_tables, summary, summary_tables
from logcorr.render.html import from_rich
from logcorr.render.html.page_model import Cell, Fragment
from logcorr.render.summary_tables import GREEN, RED
from tests.support import access_reports, pair_reports


@pytest.mark.parametrize(
    ("style", "tone"),
    [
        ("", ""),
        (f"bold {RED}", "bold bad"),
        (GREEN, "good"),
        ("none", ""),
        ("bold default", "bold"),
        ("warn", "warn"),
        ("bold #123456 on #654321", "bold"),
    ],
)
def test_tones(style: str, tone: str) -> None:
    assert from_rich.tone(style) == tone


def test_fragments_are_the_text_in_its_tones() -> None:
    text = Text.assemble("plain ", ("red", RED), (" bold", "bold"))
    assert from_rich.fragments(text) == [Fragment("plain ", ""), Fragment("red", "bad"), Fragment(" bold", "bold")]
    assert from_rich.fragments(Text("")) == []


def test_notices_keep_their_words() -> None:
    report = pair_reports.busy()
    assert isinstance(report, Report)
    for text in summary.notices(report):
        notice = from_rich.notice(text)
        assert notice.tone
        told = [" ".join("".join(piece.text for piece in line).split()) for line in notice.lines]
        plain = [" ".join(line.replace("▌", "").split()) for line in text.plain.split("\n")]
        assert told == [line for line in plain if line]


def test_the_ledger_keeps_every_cell() -> None:
    panel = summary_tables.ledger(pair_reports.busy())
    table = from_rich.panel_table(panel, "ledger")
    assert (table.title, table.note) == ("Ledger", "every line once")
    assert [column.name for column in table.columns] == ["", "requests", "responses"]
    rows = {row[0].text: row[1:] for row in table.rows}
    assert rows["matched"] == [Cell("12,443,751", "good")] * 2
    assert rows["  lost"] == [Cell("45,912", "dim"), Cell("5,181", "dim")]


def test_framed_tables_have_all_their_columns() -> None:
    source = access_tables.endpoints(access_reports.busy())
    table = from_rich.framed(source, "endpoints")
    assert [column.name for column in table.columns][:3] == ["endpoint", "requests", "errors"]
    assert len(table.rows) == access_tables.SHOWN
    assert table.columns[0].wide
    assert table.columns[1].right


def test_only_tables_are_taken() -> None:
    with pytest.raises(TypeError):
        from_rich.panel_table(Panel(Text("no table")), "none")
