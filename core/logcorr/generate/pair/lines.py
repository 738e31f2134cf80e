"""Synthetic request and response logs of any size in bounded memory, with the truth a correct run must report.

`scenario.py` says what happens; here it becomes lines, noise is put around them, files are written and the truth is
counted along the way. Noise never touches an entry, and each id meets one special case at most: so counting is exact.
"""

from collections import Counter
from typing import BinaryIO, Literal

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
from logcorr.generate.writer import BLANKS, FORMS, MILLIS, OFFSET, OFFSET_US, Untidy, filled

Side = Literal["request", "response"]

CHUNK = 100_000

# T, I and V in braces are the timestamp, id and value of a sound line.
_MALFORMED = {
    "fields": ("{T},{I}", "{T}{I},{V}", "{T},{I},{V},1", "Traceback (most recent call last):", "{T}", "{T},{I},,{V}"),
    "timestamp": (
        *("2025-02-30T12:00:00Z,{I},{V}", "1763733600123,{I},{V}", ",{I},{V}", "21/Nov/2025:14:00:00 +0000,{I},{V}"),
        *("2025-11-21T24:00:00Z,{I},{V}", "2025-11-21T14:00:60Z,{I},{V}", "yesterday,{I},{V}", "{T}Z,{I},{V}"),
    ),
    "request_id": tuple(f"{{T}},{empty},{{V}}" for empty in ("", "-", "null", "None", "NIL", "undefined", " ")),
    "encoding": ("{T},{I},\x01a", "{T},{I}\x01b,{V}", "\x01c{T},{I},{V}", "\x01d", "{T},{I},{V}\x01e", "{T},\x01b"),
    "status_code": tuple(f"{{T}},{{I}},{code}" for code in ("", "OK", "2000", "-1", "20x", "200.0", "2 0", "0x1f")),
}


def entries_of(exchanges: pl.DataFrame, side: Side) -> pl.DataFrame:
    """The entries of one side, a row each: us, form, id, value (user or status), bits (random)."""
    missing, extra = (NO_REQUEST, EXTRA_REQUEST) if side == "request" else (NO_RESPONSE, EXTRA_RESPONSE)
    value, again_value = ("user", "user") if side == "request" else ("status", "again_status")
    noise = pl.col(f"{side}_bits")
    own = exchanges.filter(pl.col("fate") != missing).select(
        pl.col(f"{side}_us").alias("us"), pl.col(f"{side}_form").alias("form"), "id", value=value, bits=noise
    )
    again = exchanges.filter(pl.col("fate").is_in([RETRIED, extra])).select(
        pl.col(f"again_{side}_us").alias("us"), pl.lit(MILLIS).cast(own["form"].dtype).alias("form"), "id",
        value=again_value, bits=mixed(noise),
    )  # fmt: skip
    return pl.concat([own, again])


class PairLog:
    """One log on its way to disk: entries and the noise around them, in the order of a slightly untidy log."""

    def __init__(self, side: Side, file: BinaryIO, options: PairOptions) -> None:
        self.side: Side = side
        self.lines = 0
        self.counts: Counter[str] = Counter()
        self.malformed: Counter[str] = Counter()
        self._disorder_us = round(options.disorder_s * 1_000_000)
        self._slack_us = MAX_SKEW_MS * 1000 if side == "response" else 0
        sound = 1 - options.noise
        malformed, blank = options.malformed / sound, options.blank / sound
        self._marks = [threshold(at) for at in (malformed, malformed + blank, options.noise / sound)]
        skipped = {"status_code" if side == "request" else "", "" if options.encoding_errors else "encoding"}
        self._reasons = [reason for reason in _MALFORMED if reason not in skipped]
        self._untidy = Untidy(file, 4 * CHUNK)
        if options.header:
            value = "user_id" if side == "request" else "status_code"
            file.write(f"timestamp,request_id,{value}\n".encode())
            self.counts["header"] = self.lines = 1

    def add(self, entries: pl.DataFrame, watermark: int | None) -> None:
        """Take a chunk of entries; write every line that no later chunk can come before. None: write all."""
        draw, late, amount = bits("bits", 0, 32), bits("bits", 32, 8) < 13, bits("bits", 40, 16)
        # Never from polars' own random numbers: the same options must give the same bytes.
        moved = (amount * self._disorder_us) // (1 << 16)
        malformed, blank, copied = self._marks
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
        self.lines += self._untidy.add(texts, None if watermark is None else watermark - self._slack_us)

    def _blanks(self, noise: pl.DataFrame) -> pl.DataFrame:
        self.counts["blank"] += noise.height
        return noise.select("key", line=pl.lit(pl.Series(BLANKS)).gather(pl.int_range(noise.height) % len(BLANKS)))

    def _malformed_lines(self, noise: pl.DataFrame) -> list[pl.DataFrame]:
        """Take the reasons in turn, and of each its variants in turn, so that few lines show all of them."""
        done, many = self.malformed.total(), len(self._reasons)
        turn = pl.int_range(done, done + noise.height)
        noise = _fields(noise, self.side, FORMS[MILLIS]).with_columns(reason=turn % many, turn=turn // many)
        lines = []
        for place, reason in enumerate(self._reasons):
            rows = noise.filter(pl.col("reason") == place)
            self.malformed[reason] += rows.height
            for variant, template in enumerate(_MALFORMED[reason]):
                chosen = rows.filter(pl.col("turn") % len(_MALFORMED[reason]) == variant)
                if chosen.height:
                    lines.append(chosen.select("key", line=filled(template)))
        return lines


def _fields(entries: pl.DataFrame, side: Side, form: str) -> pl.DataFrame:
    """The columns T, I and V: timestamp, id and value as text, beside key and bits."""
    hexes = pl.lit(_HEXES)
    shift = OFFSET_US if form == FORMS[OFFSET] else 0
    value = pl.col("value").cast(pl.String)
    return entries.select(
        "key",
        (pl.col("us") + shift).cast(pl.Datetime("us")).dt.to_string(form).alias("T"),
        pl.concat_str(pl.lit("req-"), *(hexes.gather(bits("id", offset, 16)) for offset in (32, 16, 0))).alias("I"),
        (pl.concat_str(pl.lit("user-"), value) if side == "request" else value).fill_null("").alias("V"),
    )


_HEXES = pl.Series([f"{value:04x}" for value in range(1 << 16)])


def _texts(entries: pl.DataFrame, side: Side) -> list[pl.DataFrame]:
    """Entries as lines: frames of key and line, one for each form of timestamp."""
    frames = []
    for code, form in FORMS.items():
        rows = entries.filter(pl.col("form") == code)
        frames.append(_fields(rows, side, form).select("key", line=filled("{T},{I},{V}")))
    return frames
