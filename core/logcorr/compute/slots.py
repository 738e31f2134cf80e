"""Rows dealt out to numbered slots on disk, a slice at a time: between slices nothing is held in memory nor open."""

import io
from collections.abc import Iterator
from pathlib import Path

import polars as pl

_NUMBER = ":slot"


class Slots:
    """A file a slot below a folder; each holds the pieces that were dealt to it, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pieces: dict[int, list[tuple[int, int]]] = {}

    def deal(self, rows: pl.DataFrame, numbers: pl.Series) -> None:
        """Appends each row to the slot of its number."""
        dealt = rows.with_columns(numbers.alias(_NUMBER)).sort(_NUMBER, maintain_order=True)
        runs = dealt.get_column(_NUMBER).rle().struct.unnest()
        dealt = dealt.drop(_NUMBER)
        start = 0
        for height, number in runs.iter_rows():
            piece = io.BytesIO()
            dealt.slice(start, height).write_ipc_stream(piece, compression="uncompressed")
            with self._path(number).open("ab") as file:
                size = file.write(piece.getbuffer())
            self._pieces.setdefault(number, []).append((size, height))
            start += height

    def take(self, number: int, most_rows: int | None = None) -> Iterator[pl.DataFrame]:
        """The rows of a slot in the order they came, whole or some `most_rows` at a time; the slot is gone then."""
        together: list[pl.DataFrame] = []
        room = most_rows
        if number not in self._pieces:
            return
        with self._path(number).open("rb") as file:
            for size, height in self._pieces.pop(number):
                if room is not None and room < height and together:
                    yield pl.concat(together)
                    together, room = [], most_rows
                together.append(pl.read_ipc_stream(io.BytesIO(file.read(size))))
                room = None if room is None else room - height
        yield pl.concat(together)
        self._path(number).unlink()

    def _path(self, number: int) -> Path:
        return self._folder / f"slot-{number}.bin"
