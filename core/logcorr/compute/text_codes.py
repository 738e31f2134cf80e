"""Numbers for texts: each different text gets the next number, so that rows are counted by numbers instead of texts."""

import secrets
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute.kernels import compiled
from logcorr.compute.zero_copy_text import text_column

Codes = npt.NDArray[np.uint32]

NO_TEXT = 0
_FIRST_TEXTS = 1 << 9
_FIRST_BYTES = 1 << 14
_SLOTS_A_TEXT = 2
_SLOT = np.dtype("u4, u4")
# Positions in a text have 32 bits.
_MOST_BYTES = 1 << 30
_TEXT_TYPE = 2


class TextCodes:
    """The codes of texts: 1 for the first text, and so on; NO_TEXT for null.

    A kernel looks texts up; without kernels the engine does. Several threads may ask for codes at once.
    """

    def __init__(self) -> None:
        self._mixer = secrets.randbits(64)
        self._adding = Lock()
        self.clear()

    def clear(self) -> None:
        """Forgets all texts, and gives their memory back."""
        self._count = 1
        self._slots = np.zeros(_SLOTS_A_TEXT * _FIRST_TEXTS, _SLOT)
        self._ends = np.zeros(_FIRST_TEXTS + 1, np.int64)
        self._texts = np.zeros(_FIRST_BYTES, np.uint8)
        self._known = pl.DataFrame(schema={"text": pl.String, "code": pl.UInt32})

    def size(self, more: int = 0) -> int:
        """The bytes of memory that the texts take, about; with so many texts more."""
        if compiled is None:
            return int(self._known.estimated_size()) * (self._count + more) // self._count
        times = 1
        while times * (self._ends.size - 1) < self._count + more:
            times *= 2
        return times * (self._slots.nbytes + self._ends.nbytes + self._texts.nbytes)

    @property
    def count(self) -> int:
        """The number after the greatest code."""
        return self._count

    def of_spans(self, text: bytes, span: tuple[Any, Any, Any], nulls: int) -> Codes:
        """The codes of parts of a text: `span` has their begins, ends (int32) and types (uint8).

        Types whose bits are in `nulls` have no text. There must be kernels. Raises ValueError for a part that lies
        outside of the text.
        """
        codes = np.empty(span[2].size, np.uint32)
        row = 0
        with self._adding:
            while True:
                table = self._slots, self._ends, self._texts
                row, self._count = compiled.text_codes(text, *span, nulls, codes, row, self._mixer, table, self._count)
                if row == codes.size:
                    return codes
                self._grow(int(span[1][row]) - int(span[0][row]))

    def of_texts(self, texts: pl.Series) -> Codes:
        """The codes of a column of texts (String)."""
        if compiled is None:
            with self._adding:
                return self._by_engine(texts)
        sizes = texts.str.len_bytes().fill_null(0).cast(pl.Int64).to_numpy()
        ends = np.cumsum(sizes)
        if sizes.size > 1 and ends[-1] > _MOST_BYTES:
            half = sizes.size // 2
            return np.concatenate([self.of_texts(texts[:half]), self.of_texts(texts[half:])])
        text = (texts.str.join("").item() or "").encode() if texts.len() else b""
        kind = np.where(texts.is_null().to_numpy(), 0, _TEXT_TYPE).astype(np.uint8)
        span = (ends - sizes).astype(np.int32), ends.astype(np.int32), kind
        return self.of_spans(text, span, 1)

    def texts(self) -> pl.Series:
        """The texts by their codes (String); the first is null."""
        with self._adding:
            if compiled is None:
                return pl.concat([pl.Series("text", [None], dtype=pl.String), self._known["text"]])
            count, ends, texts = self._count, self._ends, self._texts
        present = np.full(-(-count // 8), 0xFF, np.uint8)
        present[0] ^= 1
        # What is written later goes behind these texts, or into other arrays.
        return text_column(texts[: ends[count]], ends[: count + 1], present)

    def _grow(self, bytes_more: int) -> None:
        """Doubles the table if it is full, else the room for its texts."""
        if self._count == self._ends.size - 1:
            slots = np.zeros(2 * self._slots.size, _SLOT)
            compiled.move_slots(self._slots, slots)
            self._slots = slots
            ends = np.zeros(2 * (self._ends.size - 1) + 1, np.int64)
            ends[: self._ends.size] = self._ends
            self._ends = ends
        used = int(self._ends[self._count])
        if used + bytes_more > self._texts.size:
            texts = np.zeros(max(2 * self._texts.size, used + bytes_more), np.uint8)
            texts[:used] = self._texts[:used]
            self._texts = texts

    def _by_engine(self, texts: pl.Series) -> Codes:
        rows = texts.alias("text").to_frame()
        different = rows.select(pl.col("text").drop_nulls().unique(maintain_order=True))
        new = different.join(self._known, on="text", how="anti", maintain_order="left")
        codes = pl.Series("code", np.arange(self._count, self._count + new.height, dtype=np.uint32))
        self._known = pl.concat([self._known, new.with_columns(codes)])
        self._count += new.height
        found = rows.join(self._known, on="text", how="left", maintain_order="left")["code"]
        return found.fill_null(NO_TEXT).to_numpy()
