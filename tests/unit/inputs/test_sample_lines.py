"""Samples that are spread over a whole file: whole lines, in order, the same each time."""

import gzip
import itertools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.inputs import sample_lines
from logcorr.inputs.files import InputFile, resolve
from logcorr.inputs.sample_lines import spread_sample
from logcorr.model.errors import InputError
from tests.support.helpers import zstandard


def file_of(folder: Path, raw: bytes, name: str = "app.log") -> InputFile:
    path = folder / name
    packers: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zst": zstandard}
    path.write_bytes(packers.get(path.suffix, bytes)(raw))
    return resolve("access", (str(path),))[0]


@pytest.mark.parametrize("name", ["app.log", "app.gz", "app.zst"])
def test_a_small_file_comes_whole(name: str, tmp_path: Path) -> None:
    raw = b"\0\0\xef\xbb\xbfa\r\n\n \t\n\0b\n\xff c\nlast"
    assert spread_sample(file_of(tmp_path, raw, name)) == [b"a", b"b", b"\xff c", b"last"]
    assert spread_sample(file_of(tmp_path, b"", name)) == []


@pytest.mark.parametrize("name", ["app.log", "app.gz"])
@pytest.mark.parametrize("count", [5_000, 60_000])
@pytest.mark.parametrize("most", [1, 7, 100, 1000])
def test_a_sample_has_lines_of_all_of_the_file_in_order(count: int, most: int, name: str, tmp_path: Path) -> None:
    lines = [b"%08d %s" % (number, b"x" * (number % 60)) for number in range(count)]
    file = file_of(tmp_path, b"\n".join(lines), name)
    sample = spread_sample(file, most_lines=most)
    assert sample == sorted(set(sample))
    assert set(sample) <= set(lines)
    assert most // 2 < len(sample) <= most
    assert sample[0] == lines[0]
    if most >= 16:
        assert sample[-1] == lines[-1]
        numbers = [int(line[:8]) for line in sample]
        assert max(b - a for a, b in itertools.pairwise(numbers)) < count / 10
    assert spread_sample(file, most_lines=most) == sample


def test_a_long_banner_does_not_matter(tmp_path: Path) -> None:
    sample = spread_sample(file_of(tmp_path, b"banner\n" * 100_000 + b"entry number one\n" * 200_000))
    assert sample.count(b"entry number one") > 600


@pytest.mark.parametrize("lines", [3_000, 300_000])
def test_the_names_of_columns_stand_before_their_lines(lines: int, tmp_path: Path) -> None:
    raw = b"banner\n" * lines + b"#Fields: a b\r\n" + b"1 2\r\n" * lines
    sample = spread_sample(file_of(tmp_path, raw))
    at = sample.index(b"#Fields: a b")
    assert set(sample[:at]) == {b"banner"}
    assert b"1 2" in sample[at:]


def test_only_the_start_of_a_long_compressed_text_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_lines, "_MOST_DECOMPRESSED", 2_000_000)
    lines = [b"%08d" % number for number in range(400_000)]
    sample = spread_sample(file_of(tmp_path, b"\n".join(lines), "app.gz"))
    assert set(sample) <= set(lines)
    assert 220_000 < int(sample[-1]) < 222_223


def test_documents_are_sampled_as_lines(tmp_path: Path) -> None:
    objects = [{"number": number} for number in range(50)]
    sample = spread_sample(file_of(tmp_path, json.dumps(objects, indent=2).encode()))
    assert [json.loads(line) for line in sample] == objects


def test_lines_longer_than_a_window_are_left_out(tmp_path: Path) -> None:
    raw = b"first\n" + b"x" * 3_000_000 + b"\nlast\n"
    assert spread_sample(file_of(tmp_path, raw)) == [b"first", b"last"]


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    file = file_of(tmp_path, b"x\n" * 100_000, "app.gz")
    file.path.write_bytes(file.path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"app\.gz"):
        spread_sample(resolve("access", (str(file.path),))[0])


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 50))
def test_a_line_is_never_cut(lengths: list[int], most: int) -> None:
    lines = [b"<%s>" % (b"x" * length) for length in lengths]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample_lines, "_WINDOW_BYTES", 32)
        with tempfile.TemporaryDirectory() as folder:
            sample = spread_sample(file_of(Path(folder), b"".join(line + b"\n" for line in lines)), most_lines=most)
    assert set(sample) <= set(lines)
    assert len(sample) <= most
