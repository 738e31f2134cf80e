"""What is said where a run failed fits the exit code and what the engine said."""

import pytest

from logcorr_tui.look.palette import Look, palette_of
from logcorr_tui.state.messages import Failed
from logcorr_tui.widgets.run.run_failure import failure


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (2, "'a.log' is of the format combined. Use `logcorr analyze` for it.", "Here, open that log alone."),
        (2, "'a.log' is no log.", "See above what to name or to change."),
        (3, "no space left", "name another disk with --store"),
        (-9, "", "ran out of memory"),
        (70, "internal error: KeyError: 'x'", "This is a fault of logcorr"),
        (9, "", "The engine ended with code 9"),
    ],
)
def test_a_failure_says_what_helps(code: int, said: str, told: str) -> None:
    text = failure(Failed(code, said), palette_of(Look(), dark=True)).plain
    assert told in text
    assert said in text
    assert "please" not in text.lower()
    assert text.endswith("r runs it again, Esc goes back.")
