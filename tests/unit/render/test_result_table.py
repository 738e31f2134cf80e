"""The result of a query as a table: no wider than the terminal, numbers and times whole, hostile text inert."""

from datetime import UTC, datetime

import polars as pl
import pytest
from rich.cells import cell_len

from logcorr.render.result_table import result_table
from tests.support.hostile import PAYLOADS, faults

AT = datetime(2025, 11, 21, 14, 0, 0, 100_000, tzinfo=UTC)


def lines(frame: pl.DataFrame, width: int = 100) -> list[str]:
    return result_table(frame, width, color=False).splitlines()


def test_values() -> None:
    frame = pl.DataFrame(
        {
            "text": ["a", None],
            "n": [12_345_678, -1],
            "share": [0.5, None],
            "yes": [True, False],
            "at": pl.Series([AT, None]).cast(pl.Datetime("us", "UTC")),
            "list": [[1, 2], []],
        }
    )
    assert lines(frame) == [
        "text         n  share  yes    at                           list",
        "a     12345678    0.5  true   2025-11-21T14:00:00.100000Z  [1, 2]",
        "–           -1      –  false  –                            []",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (3_700_000.0, "3700000"), (1 / 3, "0.333"), (1e-9, "1e-09"), (-2.5, "-2.5"), (float("inf"), "inf")],
)
def test_fractions(value: float, text: str) -> None:
    assert lines(pl.DataFrame({"x": [value]}))[1].strip() == text


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_only_texts_are_cut(width: int) -> None:
    frame = pl.DataFrame({"id": ["x" * 70, "short"], "n": [10**12, 1], "agent": ["日本語" * 30, "curl"]})
    found = lines(frame, width)
    assert all(str(10**12) in line or "short" in line or "agent" in line for line in found)
    # Two columns of eight cells and the number are the least.
    assert max(map(cell_len, found)) <= max(width, 8 + 2 + 13 + 2 + 8)
    assert width < 180 or "x" * 70 in found[1]


def test_nothing() -> None:
    assert result_table(pl.DataFrame(), 80, color=False) == ""
    assert lines(pl.DataFrame(schema={"a": pl.Int64, "b": pl.String})) == ["a  b"]


def test_hostile_text() -> None:
    names = [*PAYLOADS.values()]
    frame = pl.DataFrame(dict.fromkeys(names[:4], names) | {"list": [[name] for name in names]})
    assert faults(result_table(frame, 120, color=False).encode()) == []
    assert faults(result_table(frame, 120, color=True).encode(), r"\x1b\[[0-9;]*m") == []
