"""Each line of a file is in exactly one split, wherever the file is cut."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.cluster.plan import Piece, PlannedFile, Split
from logcorr.cluster.splits import line_start, notes_on, splits_of, windows
from logcorr.inputs import files
from logcorr.inputs.whole_lines import LongLine, whole_lines
from tests.support.helpers import zstandard
from tests.support.kernels_or_numpy import search

TEXTS = st.lists(st.sampled_from([b"", b"a", b"\r", b"a line", b"\0\0", b"\xff", b"x" * 90]), max_size=30)


def read(found: list[files.InputFile]) -> list[bytes]:
    lines: list[bytes] = []
    for file in found:
        for text in whole_lines(file, 50):
            assert not isinstance(text, LongLine)
            lines += text.split(b"\n")[:-1]
    return lines


@search(80)
@given(TEXTS, st.booleans(), st.integers(1, 120))
def test_lines_of_all_splits(lines: list[bytes], ends: bool, size: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.log"
        path.write_bytes(b"\n".join(lines) + b"\n" * ends)
        of_log = files.resolve("request", (str(path),))
        whole = read(of_log)
        splits = splits_of({"request": of_log}, size, {"request": [False] * len(of_log)}, [])
        planned = [PlannedFile.of(file, file.bytes) for file in of_log]
        parts = [read(windows(split, planned, dict(enumerate(of_log)))) for split in splits]
        assert [line for part in parts for line in part] == whole
        assert sum(split.bytes for split in splits) == path.stat().st_size


def test_a_line_of_many_splits_is_the_first_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\n" + b"x" * 100 + b"\nthree\n")
    (file,) = files.resolve("request", (str(path),))
    assert [line_start(file, at) for at in (0, 1, 4, 5, 50, 104, 105, 106, 111, 200)] == [
        *(0, 4, 4, 105, 105, 105, 105, 111, 111, 111)
    ]


def named(folder: Path, sizes: dict[str, int]) -> list[files.InputFile]:
    for name, size in sizes.items():
        line = b"2025-03-01T12:00:00Z,r,u\n" * (size // 25)
        (folder / name).write_bytes(zstandard(line) if name.endswith(".zst") else line)
    return files.resolve("request", tuple(str(folder / name) for name in sizes))


def pieces(splits: list[Split]) -> list[list[int]]:
    return [[piece.file for piece in split.pieces] for split in splits]


def test_small_files_share_a_split(tmp_path: Path) -> None:
    of_log = named(tmp_path, {"a": 100, "b": 100, "c": 1000, "d": 100, "e": 200, "f.zst": 100_000})
    splits = splits_of({"request": of_log}, 300, {"request": [False] * len(of_log)}, [])
    assert pieces(splits) == [[0, 1], [2], [2], [2], [2], [3, 4], [5]]


@pytest.mark.parametrize(
    ("whole", "together", "expected"),
    [(True, [], [[0], [1], [2, 3]]), (True, ["request"], [[0, 1, 2, 3]]), (False, [], [[0], [0], [1], [1], [2, 3]])],
)
def test_logs_whose_lines_depend_on_others(whole: bool, together: Any, expected: Any, tmp_path: Path) -> None:
    of_log = named(tmp_path, {"a": 400, "b": 400, "c": 100, "d": 100})
    assert pieces(splits_of({"request": of_log}, 300, {"request": [whole] * len(of_log)}, together)) == expected


def test_documents_are_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[\n{"a": 1},\n' + '{"a": 2},\n' * 100 + '{"a": 3}\n]\n')
    of_log = files.resolve("request", (str(path),))
    splits = splits_of({"request": of_log}, 100, {"request": [False] * len(of_log)}, [])
    assert [split.pieces for split in splits] == [[Piece(0, 0, path.stat().st_size)]]


def test_a_file_that_keeps_all_others_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_log = named(tmp_path, {**{f"{number}": 300 for number in range(9)}, "large.zst": 25_000_000})
    splits = splits_of({"request": of_log}, 300, {"request": [False] * len(of_log)}, [])
    assert notes_on(splits, {"request": of_log}) == []
    monkeypatch.setattr("logcorr.cluster.splits._LARGE_BYTES", 1000)
    (note,) = notes_on(splits, {"request": of_log})
    assert note.startswith(f"'{tmp_path}/large.zst' is read by one worker, ")
    assert note.endswith(" times as much as the mean: several files would be read at once.")
