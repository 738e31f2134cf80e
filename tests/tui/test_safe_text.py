"""The last look at what widgets drew: nothing of it is obeyed by a terminal, and every cell stays in its place."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.widgets import Input

from logcorr_tui.app import LogcorrApp
from logcorr_tui.look.safe_text import EscapeFilter
from logcorr_tui.main import main
from logcorr_tui.work.file_names import response_log_for, size_of
from logcorr_tui.work.path_completion import PathSuggester
from tests.support.hostile import MARK, PAYLOADS, faults, file_name

GROUND = Color.parse("black")
ANY = st.text(
    st.one_of(st.characters(), st.sampled_from("a宽\x1b\x07\x9b\u202e\u200d\u0301\ufe0f👩🏽🇩❤\U000e0041\u115f"))
)


@given(ANY)
def test_a_segment_keeps_its_width_and_loses_what_is_obeyed(text: str) -> None:
    style = Style(bold=True)
    (passed,) = EscapeFilter().apply([Segment(text, style)], GROUND)
    assert cell_len(passed.text) == cell_len(text)
    assert passed.style is style
    assert faults(passed.text.encode()) == []


@pytest.mark.parametrize("text", ["plain", "│ ▏⠒█ ╭─╮ ⋈ ✓ ×", "Jürgen e\u0301 日本語 हिन्दी 👩", " "])
def test_plain_text_is_left_alone(text: str) -> None:
    segment = Segment(text)
    assert EscapeFilter().apply([segment], GROUND)[0] is segment


def drawn(app: App[None]) -> str:
    """All that the screen has drawn."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def test_what_stands_in_an_input(tmp_path: Path) -> None:
    async def go() -> None:
        app = LogcorrApp(store=str(tmp_path))
        async with app.run_test(size=(100, 30)) as pilot:
            field = app.screen.query_one("#log", Input)
            for number, text in enumerate(PAYLOADS.values()):
                field.value = f"{number}:{MARK}{text}"
                await pilot.pause()
                assert f"{number}:{MARK}" in drawn(app)
                assert faults(drawn(app).encode("utf8", "surrogatepass")) == []

    asyncio.run(go())


def test_a_name_that_shows_as_another_is_not_offered(tmp_path: Path) -> None:
    for number, name in enumerate([file_name("x", b""), "x\u0301\u0301\u0301\u0301\u0301", "x\ufe0f", "xe\u0301.log"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / name).touch()
    offered = [asyncio.run(PathSuggester().get_suggestion(f"{tmp_path}/{number}/x")) for number in range(4)]
    assert offered == [None, None, None, f"{tmp_path}/3/xe\u0301.log"]


def test_a_name_that_no_file_can_have_is_not_there(tmp_path: Path) -> None:
    requests = tmp_path / f"request-{'x' * 247}"  # as long as may be; that of the responses would be longer
    requests.touch()
    assert response_log_for(str(requests)) is None
    assert size_of(tmp_path / ("x" * 300)) is None
    assert size_of(tmp_path / "a\x00b") is None
    assert size_of(requests) == 0


@pytest.mark.parametrize(
    "words", [["--no-{}"], ["--port", "{}"], ["--memory", "{}"], ["{}"], ["{}", "{}"], ["a", "b", "{}"]]
)
def test_errors_of_the_command_that_quote(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for text in PAYLOADS.values():
        if "\x00" in text:
            continue
        try:
            code: object = main([word.format(text) for word in words])
        except SystemExit as ended:
            code = ended.code
        assert code == 2
        said = capsys.readouterr().err
        assert "error: " in said
        assert faults(said.encode("utf8", "surrogatepass")) == []
