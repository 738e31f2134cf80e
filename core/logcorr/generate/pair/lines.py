"""The lines of generated request and response logs: entries, and noise (malformed, blank and redelivered lines).

`scenario` has the exchanges, `truth` counts what a correct run must report. Noise never changes an entry, and every id
is in at most one special case, so the counts are exact.
"""

from collections import Counter
from typing import BinaryIO

import polars as pl

from logcorr.generate.pair.scenario import (
    EXTRA_REQUEST,
    EXTRA_RESPONSE,
    MAX_SKEW_MS,
    NO_REQUEST,
    NO_RESPONSE,
    RETRIED,
    PairOptions,
)
from logcorr.generate.random_bits import bits, mixed, threshold
from logcorr.generate.writer import BLANKS, MILLIS, OFFSET, OFFSET_US, STAMP_FORMATS, SortingWriter, fill_template
from logcorr.model.ledger import Side

CHUNK = 100_000

# {T}, {I} and {V} are the timestamp, the id and the value of a valid line.
_MALFORMED = {
    "fields": ("{T},{I}", "{T}{I},{V}", "{T},{I},{V},1", "Traceback (most recent call last):", "{T}", "{T},{I},,{V}"),
    "timestamp": (
        *("2025-02-30T12:00:00Z,{I},{V}", "1763733600123,{I},{V}", ",{I},{V}", "21/Nov/2025:14:00:00 +0000,{I},{V}"),
        *("2025-11-21T24:00:00Z,{I},{V}", "2025-11-21T14:00:60Z,{I},{V}", "yesterday,{I},{V}", "{T}Z,{I},{V}"),
    ),
    "request_id": tuple(f"{{T}},{empty},{{V}}" for empty in ("", "-", "null", "None", "NIL", "undefined", " ")),
    "encoding": ("{T},{I},\x01a", "{T},{I}\x01b,{V}", "\x01c{T},{I},{V}", "\x01d", "{T},{I},{V}\x01e", "{T},\x01b"),
    "status_code": tuple(
        f"{{T}},{{I}},{code}" for code in ("+200", "OK", "2000", "-20", "20x", "200.0", "2 0", "0x1f")
    ),
}


def entries_of(exchanges: pl.DataFrame, side: Side) -> pl.DataFrame:
    """The entries of a side: us (instant, µs), form (of the timestamp), id, value (user or status), bits (random)."""
    missing, extra = (NO_REQUEST, EXTRA_REQUEST) if side == "request" else (NO_RESPONSE, EXTRA_RESPONSE)
    value, again_value = ("user", "user") if side == "request" else ("status", "again_status")
    noise = pl.col(f"{side}_bits")
    first_entries = exchanges.filter(pl.col("fate") != missing).select(
        pl.col(f"{side}_us").alias("us"), pl.col(f"{side}_form").alias("form"), "id", value=value, bits=noise
    )
    retries = exchanges.filter(pl.col("fate").is_in([RETRIED, extra])).select(
        pl.col(f"again_{side}_us").alias("us"), pl.lit(MILLIS).cast(first_entries["form"].dtype).alias("form"), "id",
        value=again_value, bits=mixed(noise),
    )  # fmt: skip
    return pl.concat([first_entries, retries])


class PairLog:
    """Writes one log: its entries and the noise between them, nearly in order of time. Counts the lines by kind."""

    def __init__(self, side: Side, file: BinaryIO, options: PairOptions) -> None:
        self.side: Side = side
        self.lines = 0
        self.counts: Counter[str] = Counter()
        self.malformed: Counter[str] = Counter()
        self._disorder_us = round(options.disorder_s * 1_000_000)
        self._slack_us = MAX_SKEW_MS * 1000 if side == "response" else 0
        sound = 1 - options.noise
        malformed, blank = options.malformed / sound, options.blank / sound
        self._thresholds = [threshold(at) for at in (malformed, malformed + blank, options.noise / sound)]
        skipped = {"status_code" if side == "request" else "", "" if options.encoding_errors else "encoding"}
        self._reasons = [reason for reason in _MALFORMED if reason not in skipped]
        self._writer = SortingWriter(file, 4 * CHUNK)
        if options.header:
            value = "user_id" if side == "request" else "status_code"
            file.write(f"timestamp,request_id,{value}\n".encode())
            self.counts["header"] = self.lines = 1

    def add(self, entries: pl.DataFrame, watermark: int | None) -> None:
        """Takes a chunk of entries, and writes every line that no later chunk can come before; all lines for None.

        No later entry has an instant before `watermark`, in µs, but for skew.
        """
        draw, late, amount = bits("bits", 0, 32), bits("bits", 32, 8) < 13, bits("bits", 40, 16)
        moved = (amount * self._disorder_us) // (1 << 16)
        malformed, blank, copied = self._thresholds
        entries = entries.with_columns(key=pl.col("us") + pl.when(late).then(moved).otherwise(0))
        noise = entries.filter(draw < copied)
        copies = noise.filter(draw >= blank).with_columns(
            key=pl.col("us") + moved,
            form=pl.when(bits("bits", 56, 3) == 0).then(OFFSET).otherwise("form").cast(entries["form"].dtype),
        )
        self.counts["redelivered"] += copies.height
        texts = _texts(pl.concat([entries, copies]), self.side)
        texts.append(self._blanks(noise.filter((draw >= malformed) & (draw < blank))))
        texts += self._malformed_lines(noise.filter(draw < malformed))
        self.lines += self._writer.add(texts, None if watermark is None else watermark - self._slack_us)

    def _blanks(self, noise: pl.DataFrame) -> pl.DataFrame:
        self.counts["blank"] += noise.height
        return noise.select("key", line=pl.lit(pl.Series(BLANKS)).gather(pl.int_range(noise.height) % len(BLANKS)))

    def _malformed_lines(self, noise: pl.DataFrame) -> list[pl.DataFrame]:
        """Takes the reasons in turn, and the variants of each reason in turn, so that few lines show all variants."""
        done, reason_count = self.malformed.total(), len(self._reasons)
        turn = pl.int_range(done, done + noise.height)
        noise = _fields(noise, self.side, STAMP_FORMATS[MILLIS]).with_columns(
            reason=turn % reason_count, turn=turn // reason_count
        )
        lines = []
        for number, reason in enumerate(self._reasons):
            rows = noise.filter(pl.col("reason") == number)
            self.malformed[reason] += rows.height
            for variant, template in enumerate(_MALFORMED[reason]):
                chosen = rows.filter(pl.col("turn") % len(_MALFORMED[reason]) == variant)
                if chosen.height:
                    lines.append(chosen.select("key", line=fill_template(template)))
        return lines


def _fields(entries: pl.DataFrame, side: Side, form: str) -> pl.DataFrame:
    """The texts of entries: key, T (timestamp), I (id) and V (value)."""
    hexes = pl.lit(_HEXES)
    shift = OFFSET_US if form == STAMP_FORMATS[OFFSET] else 0
    value = pl.col("value").cast(pl.String)
    return entries.select(
        "key",
        (pl.col("us") + shift).cast(pl.Datetime("us")).dt.to_string(form).alias("T"),
        pl.concat_str(pl.lit("req-"), *(hexes.gather(bits("id", offset, 16)) for offset in (32, 16, 0))).alias("I"),
        (pl.concat_str(pl.lit("user-"), value) if side == "request" else value).fill_null("").alias("V"),
    )


_HEXES = pl.Series([f"{value:04x}" for value in range(1 << 16)])


def _texts(entries: pl.DataFrame, side: Side) -> list[pl.DataFrame]:
    """Entries as lines: a frame of key and line for each form of timestamp."""
    frames = []
    for code, form in STAMP_FORMATS.items():
        rows = entries.filter(pl.col("form") == code)
        frames.append(_fields(rows, side, form).select("key", line=fill_template("{T},{I},{V}")))
    return frames
