"""Log text takes as many cells as it says, whatever it is made of; marks cannot pile up."""

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from logcorr.text.safe import json_for_terminal, one_line, safe


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("❤\ufe0f", "❤\ufffd"),  # terminals disagree on its width
        ("👍\U0001f3fd", "👍\ufffd"),
        ("\U0001f1e9\U0001f1ea", "\ufffd\ufffd"),
        ("a\U0001bca0\U0001d173b", "a\ufffd\ufffdb"),
        ("e\u0301x\u0323\u0302", "e\u0301x\u0323\u0302"),
        ("\u0301x", "\ufffdx"),
        ("z" + "\u0301" * 300, "z" + "\u0301" * 4 + "\ufffd"),
        ("z" + "\u0301\u20dd" * 4 + "y", "z" + "\u0301\u20dd" * 2 + "\ufffdy"),
        ("ก" + "\u0e49" * 5 + "ข", "ก" + "\u0e49" * 4 + "\ufffdข"),
        ("\u1112\u1161\u11ab", "\u1112\u1161\u11ab"),
        ("\u1161" * 9, "\ufffd"),
        ("a\u1ad0b", "a\ufffdb"),  # unassigned here, no cell wide there: none of them may pile up
        ("a\ue000\U000f0000\ufdd0\U0010ffffb", "a\ufffd\ufffd\ufffd\ufffdb"),
        ("\u0600\u06dd1", "\ufffd\ufffd1"),  # signs that stand around their number
        ("a\xa0b\u3000c", "a\xa0b\u3000c"),
    ],
)
def test_what_would_move_its_neighbours_is_replaced(text: str, shown: str) -> None:
    assert safe(text, 1000) == shown
    assert safe(shown, 1000) == shown


@given(st.text(st.characters(exclude_categories=["Cn", "Co", "Cs"])))
@example("\U0001f469\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \U0001f44d\U0001f3fd \U0001f1e9\U0001f1ea 宽한")
def test_its_width_is_that_of_its_characters(text: str) -> None:
    shown = safe(text)
    assert cell_len(shown) == sum(map(cell_len, shown))


ANY = st.text(
    st.one_of(st.characters(), st.sampled_from('\x00\x1b\x7f\x9b\u202e\u200b\u0301\U000e0041\ud800\ufe0f"\\'))
)


@given(ANY)
def test_nothing_in_it_is_obeyed(text: str) -> None:
    for shown in (safe(text), one_line(text), json_for_terminal(json.dumps({text: [text]}, ensure_ascii=False))):
        assert {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} == set()


@given(ANY)
def test_json_for_a_terminal_has_the_same_value(text: str) -> None:
    told = json.dumps({text: [text, 1.5]}, ensure_ascii=False)
    assert json.loads(json_for_terminal(told + "\n")) == json.loads(told)


def test_json_keeps_what_can_be_shown() -> None:
    told = '{"user":"J\u00fcrgen 日本 ❤"}\n{"user":"x"}\n'
    assert json_for_terminal(told) == told
    assert json_for_terminal('"\x7f\U000e0041"') == '"\\u007f\\udb40\\udc41"'


def test_a_long_message_keeps_its_end() -> None:
    told = one_line(f"filter {'[' * 70_000}: no. Names: a, b.")
    assert len(told) == 2001
    assert told.startswith("filter [[")
    assert told.endswith("[[: no. Names: a, b.")
