"""Where the rows of a bucket stand, also in logs with more lines than rows have numbers."""

import polars as pl
import pytest

from logcorr.cluster.bucket_rows import BucketPlaces
from logcorr.cluster.pair_read import SplitsRead
from logcorr.cluster.plan import Note, Piece, Split
from logcorr.inputs.files import ANY, InputFile
from logcorr.inputs.line_numbers import MOST_LINES
from logcorr.model.errors import InputError

LINES = MOST_LINES - 5


def test_rows_beyond_32_bits() -> None:
    starts = [0, LINES, LINES, 2 * LINES]
    of_log = [0, 7, LINES - 1, LINES, LINES + 1, 2 * LINES - 1, 2 * LINES, 2 * LINES + 9]
    places = BucketPlaces(pl.Series(of_log, dtype=pl.UInt64), starts)
    rows = pl.DataFrame({"row": pl.Series(range(len(of_log)), dtype=pl.UInt32)})
    found = rows.select(places.file("row").alias("file"), places.line("row").alias("line"))
    # The second file has no line.
    assert found["file"].to_list() == [0, 0, 0, 2, 2, 2, 3, 3]
    assert found["line"].to_list() == [1, 8, LINES, 1, 2, LINES, 1, 10]
    assert found.select(places.row("file", "line").alias("row")).equals(rows)


def notes(counts: list[int]) -> dict[int, Note]:
    made = {}
    for number, lines in enumerate(counts):
        facts = {
            "starts": [0],
            "lines": [lines],
            "rows": lines,
            "spans": {},
            "entries": {},
            "malformed": {},
            "clock": {},
            "heads": {},
            "blank": 0,
            "header": 0,
            "other": 0,
            "repaired": 0,
            "joined": 0,
        }
        files = {"blob": f"{number}.blob"}
        made[number] = Note(facts=facts, files=files, seconds=0, cpu_s=0, peak_rss_bytes=0, worker="w")
    return made


def file(name: str) -> InputFile:
    from pathlib import Path

    return InputFile(path=Path(name), name=name, bytes=9, compression="plain", text_bytes=9, mtime_ns=0, identity=ANY)


def test_splits_of_a_log_beyond_32_bits() -> None:
    splits = [Split(log="request", pieces=[Piece(number // 2, 0, 9)]) for number in range(4)]
    half = MOST_LINES // 2
    read = SplitsRead(splits, notes([half] * 4), {"request": [file("a"), file("b")]})
    assert read.first_rows == [0, half, 2 * half, 3 * half]
    assert read.starts == {"request": [0, 2 * half]}
    assert read.lines == {"request": [2 * half, 2 * half]}


def test_a_file_with_too_many_lines_is_refused() -> None:
    splits = [Split(log="request", pieces=[Piece(0, 0, 9)]) for _ in range(2)]
    with pytest.raises(InputError, match=r"^'a' has more than 4,294,967,295 lines, the most that can be numbered\.$"):
        SplitsRead(splits, notes([MOST_LINES, 1]), {"request": [file("a")]})
