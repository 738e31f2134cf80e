"""Files of segments: any segment is read by one range of bytes."""

from pathlib import Path

import polars as pl
import pytest

from logcorr.cluster.blobs import MAGIC, BlobWriter, frames_of, packing_for
from logcorr.cluster.store import open_store

FRAME = pl.DataFrame({"request_id": ["r1", "ü", None], "row": pl.Series([1, 2, 3], dtype=pl.UInt32)})


def test_segments_are_read_by_ranges(tmp_path: Path) -> None:
    writer = BlobWriter(4)
    for segment in (2, 0, 2):
        writer.add(segment, FRAME)
    store = open_store(str(tmp_path / "store"))
    size, offsets = writer.put(store, "a/b.blob", tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()
    data = store.get("a/b.blob")
    assert size == len(data)
    assert data.endswith(offsets.tobytes() + (4).to_bytes(8, "little") + MAGIC)
    for segment, count in enumerate([1, 0, 2, 0]):
        start, end = map(int, offsets[segment : segment + 2])
        found = list(frames_of(store.get_range("a/b.blob", start, end)))
        assert len(found) == count
        assert all(frame.equals(FRAME) for frame in found)


def test_the_form_stays_as_it_is(tmp_path: Path) -> None:
    """Workers of one version write what drivers and workers of the same version read; another form needs another key."""
    writer = BlobWriter(1)
    writer.add(0, FRAME.clear())
    store = open_store(str(tmp_path))
    writer.put(store, "blob", tmp_path / "scratch")
    data = store.get("blob")
    assert data[-32:] == (0).to_bytes(8, "little") + (len(data) - 32).to_bytes(8, "little") + b"\1" + bytes(7) + MAGIC


def test_a_segment_that_is_cut_off(tmp_path: Path) -> None:
    writer = BlobWriter(1)
    writer.add(0, FRAME)
    store = open_store(str(tmp_path))
    _, offsets = writer.put(store, "blob", tmp_path / "scratch")
    with pytest.raises(ValueError, match=r"^a segment ends 1 bytes too early$"):
        list(frames_of(store.get_range("blob", 0, int(offsets[1]) - 1)))


def test_entries_cross_a_network_smaller() -> None:
    assert packing_for("s3://bucket/runs") == "zstd"
    assert packing_for("/shared/runs") == "lz4"
