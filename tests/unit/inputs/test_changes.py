"""Files that grow while they are read."""

from pathlib import Path

import msgspec
import pytest

from logcorr.inputs.changes import as_at_start
from logcorr.inputs.files import digested, resolve


@pytest.mark.parametrize(
    ("window", "left"),
    [(None, (None, 4, 4)), ((2, 8), ((2, 4), 4, 2)), ((6, 8), ((4, 4), 4, 0)), ((0, 2), ((0, 2), 8, 8))],
)
def test_a_log_that_has_grown_ends_with_the_last_whole_line_of_then(
    tmp_path: Path, window: tuple[int, int] | None, left: tuple[tuple[int, int] | None, int, int]
) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"a\nb\nhalf")
    file = msgspec.structs.replace(digested(resolve("access", (str(log),))[0]), window=window)
    with log.open("ab") as stream:
        stream.write(b" of a line\n")
    (read,) = as_at_start([file])
    assert read.grown
    assert (read.window, read.bytes, read.text_bytes) == left
