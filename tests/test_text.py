"""Log text takes as many cells as it says, whatever it is made of; marks cannot pile up."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from logcorr.text import safe


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
