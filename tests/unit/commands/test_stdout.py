"""What is written to standard output fits its encoding."""

import io
import sys

import pytest

from logcorr.commands import stdout_and_stderr


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "✓ complete"), ("cp437", "√ complete"), ("ascii", "? complete")]
)
def test_the_check_mark_is_one_that_the_encoding_has(
    monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    stdout_and_stderr.settle_streams()
    stdout_and_stderr.put("✓ complete")
    sys.stdout.flush()
    assert raw.getvalue().decode(encoding) == f"{shown}\n"
