"""Pictures: what is drawn, how letters keep their cells, and how a difference between two of them is told."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tests.tui import snapshot_album
from tests.tui.picture import svg
from tests.tui.snapshot_album import Album, difference


def picture(*lines: tuple[str, str]) -> str:
    """Lines of text, each with a style."""
    return svg([Strip([Segment(text, Style.parse(style))]) for text, style in lines], "#ffffff", "#000000")


def test_letters_are_typed_and_blocks_are_drawn() -> None:
    shown = picture(("<a>█▄ b─┐宽c", "red on blue"))
    group = ET.fromstring(next(line for line in shown.split("\n") if line.endswith("</g>") and line != "</g>"))
    texts = [(element.text, element.get("x"), element.get("textLength")) for element in group.iter("text")]
    assert texts == [("<a>", "0", "27"), ("b", "54", "9"), ("宽", "81", "18"), ("c", "99", "9")]
    ground, block, frame = group.iter("path")
    assert ground.get("fill") == "#000080"
    assert ground.get("d") == "M0 -15h108v20h-108z"
    assert block.get("d") == "M27 -15h9v20h-9zM36 -5h9v10h-9z"
    assert frame.get("d") == "M63 -5H72M76.5 -5.5v10.5M72 -5h5"


def test_a_picture_is_valid_whatever_it_shows() -> None:
    shown = picture(("</desc>&amp;<b>]]>", "bold"), ("x\u0301\U0001f600⣿", "italic underline dim"))
    assert ET.fromstring(shown).findtext("{*}desc") == "\n</desc>&amp;<b>]]>\nx\u0301\U0001f600⣿\n"


def test_a_difference_is_told_by_its_lines() -> None:
    before = picture(("one", "red"), ("two", ""))
    assert difference(before, picture(("one", "red"), ("tow", ""))) == (
        "1 lines of text differ\n    2 - two\n      + tow"
    )
    assert (
        difference(before, picture(("one", "green"), ("two", "")))
        == "the text is the same, but not the looks of line 1"
    )


def test_an_album_is_compared_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_album, "KEPT", tmp_path / "kept")
    (tmp_path / "new").mkdir()
    shots = Album("topic", "9x1-dark", tmp_path / "new")
    shots.add("one", picture(("one", "")))
    monkeypatch.delenv("LOGCORR_REGEN", raising=False)
    with pytest.raises(AssertionError, match=r"topic-one-9x1-dark\.svg: there is none yet"):
        shots.check()
    monkeypatch.setenv("LOGCORR_REGEN", "1")
    shots.check()
    monkeypatch.delenv("LOGCORR_REGEN")
    shots.check()
    (tmp_path / "kept" / "topic-gone-9x1-dark.svg").touch()
    shots.add("one", picture(("eno", "")))
    with pytest.raises(AssertionError, match=r"(?s)1 - one\n      \+ eno.*topic-gone-9x1-dark\.svg: is kept, but no"):
        shots.check()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["topic-one-9x1-dark.svg"]
