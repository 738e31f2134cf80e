"""Synthetic request and response logs of any size in bounded memory, with the truth a correct run must report.

`scenario.py` says what happens; here it becomes lines, noise is put around them, files are written and the truth is
counted along the way. Noise never touches an entry, and each id meets one special case at most: so counting is exact.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Literal

import msgspec
import polars as pl

from logcorr.generate.load import MAX_LATENCY_MS
from logcorr.generate.pair.scenario import (
    EXTRA_REQUEST,
    EXTRA_RESPONSE,
    MAX_SKEW_MS,
    NO_REQUEST,
    NO_RESPONSE,
    RETRIED,
    PairOptions,
    Scenario,
)
from logcorr.generate.random_bits import bits, mixed, threshold
from logcorr.generate.writer import BLANKS, FORMS, MILLIS, OFFSET, OFFSET_US, Untidy, filled, whole_files

__all__ = ["PairOptions", "generate_pair"]

Side = Literal["request", "response"]

CHUNK = 100_000
FILES = ("requests.log", "responses.log", "truth.json")
# A duration has at most the slowest latency and one millisecond of finer digits; so has the edge, at least 1 s.
MAX_EDGE_US = (MAX_LATENCY_MS + 1) * 1000

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


def generate_pair(options: PairOptions, on_progress: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """Write requests.log, responses.log and truth.json into `options.directory`, and return the truth.

    `on_progress` is called after every chunk with the request lines done and in total, about; what it raises ends the
    run. The three files appear together at the end; a run that fails or is interrupted leaves nothing. Raises
    UsageError for options that make no sense, OutputError for files that exist already or cannot be written.
    """
    options.check()
    scenario = Scenario(options)
    truth = _Truth(options)
    with whole_files(Path(options.directory), FILES, force=options.force) as (request_file, response_file, truth_file):
        logs = (_Log("request", request_file, options), _Log("response", response_file, options))
        for first in range(0, scenario.count, CHUNK):
            end = min(first + CHUNK, scenario.count)
            exchanges = scenario.exchanges(first, end)
            watermark = scenario.earliest_us(end)
            for log in logs:
                entries = _entries(exchanges, log.side)
                truth.see_entries(log.side, entries)
                log.add(entries, watermark if end < scenario.count else None)
            truth.see_exchanges(exchanges, watermark)
            if on_progress:
                on_progress(options.rows * end // scenario.count, options.rows)
        told = truth.told(*logs)
        truth_file.write(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    return told


def _entries(exchanges: pl.DataFrame, side: Side) -> pl.DataFrame:
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


class _Log:
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


class _Truth:
    """What a correct default run must report, gathered as the logs are made; bounded whatever their size."""

    def __init__(self, options: PairOptions) -> None:
        self._options = options
        self._fates: Counter[int] = Counter()
        self._status: Counter[int] = Counter()
        self._durations = pl.DataFrame(schema={"us": pl.Int64, "count": pl.Int64})
        self._first_request: int | None = None
        self._last_response: int | None = None
        # Instants of orphans whose reason is still open; the others are counted as lost.
        self._open: dict[Side, pl.Series] = {
            "request": pl.Series(dtype=pl.Int64),
            "response": pl.Series(dtype=pl.Int64),
        }
        self._lost: Counter[str] = Counter()
        self._early = 0

    def see_entries(self, side: Side, entries: pl.DataFrame) -> None:
        """Note the ends of a side."""
        if not entries.height:
            return
        low, high = int(entries["us"].min()), int(entries["us"].max())  # type: ignore[arg-type]
        if side == "request":
            self._first_request = low if self._first_request is None else min(low, self._first_request)
        else:
            self._last_response = high if self._last_response is None else max(high, self._last_response)

    def see_exchanges(self, exchanges: pl.DataFrame, watermark: int) -> None:
        """Count a chunk, once its entries have been seen; no later request is before `watermark`, in µs."""
        for fate, count in exchanges["fate"].value_counts().iter_rows():
            self._fates[fate] += count
        fate = pl.col("fate")
        pairs = exchanges.filter(~fate.is_in([NO_REQUEST, NO_RESPONSE]))
        again = pairs.filter(fate == RETRIED)
        took = (pairs["response_us"] - pairs["request_us"], again["again_response_us"] - again["again_request_us"])
        counted = pl.concat([series.alias("us").value_counts().cast(pl.Int64) for series in took])
        self._durations = pl.concat([self._durations, counted]).group_by("us").agg(pl.col("count").sum())
        for status in (pairs["status"], again["again_status"]):
            for code, count in status.value_counts().iter_rows():
                self._status[code] += count
        orphans: tuple[tuple[Side, int], ...] = (("request", NO_RESPONSE), ("response", NO_REQUEST))
        for side, kind in orphans:
            instants = exchanges.filter(fate == kind)[f"{side}_us"].cast(pl.Int64)
            self._open[side] = pl.concat([self._open[side], instants])
        self._settle(watermark)

    def _settle(self, watermark: int) -> None:
        """Count the orphans that are lost whatever comes, and those that are early if only a request comes."""
        # Where no response has come, the first can only come after the watermark, but for skew; or none ever comes,
        # and then the edge does not apply.
        last = watermark - MAX_SKEW_MS * 1000 if self._last_response is None else self._last_response
        self._lost["request"] += self._keep("request", self._open["request"] > last - MAX_EDGE_US)
        if self._first_request is None:
            self._early += self._keep("response", self._open["response"] >= watermark)
        else:
            self._lost["response"] += self._keep("response", self._open["response"] < self._first_request + MAX_EDGE_US)

    def _keep(self, side: Side, kept: pl.Series) -> int:
        before = len(self._open[side])
        self._open[side] = self._open[side].filter(kept)
        return before - len(self._open[side])

    def told(self, requests: _Log, responses: _Log) -> dict[str, Any]:
        """The truth, as truth.json has it."""
        durations = self._durations.filter(pl.col("us") >= 0).sort("us")
        count, negative = int(durations["count"].sum()), self._durations.filter(pl.col("us") < 0)["count"].sum()
        low, high = (durations["us"].item(place) / 1000 if count else None for place in (0, -1))
        edge = self._edge(durations, count)
        pairs = sum(self._status.values())
        orphans = {"request": self._request_reasons(edge), "response": self._response_reasons(edge)}
        options = msgspec.to_builtins(self._options)
        return {
            "schema": 1,
            "kind": "pair",
            "seed": self._options.seed,
            "options": {name: value for name, value in options.items() if name not in {"directory", "force"}},
            "inputs": {
                f"{log.side}s": {
                    "lines": log.lines,
                    "blank": log.counts["blank"],
                    "header": log.counts["header"],
                    "malformed": _occurring(log.malformed),
                    "redelivered": log.counts["redelivered"],
                    "superseded": 0,
                    "matched": pairs,
                    "orphans": sum(orphans[log.side].values()),
                }
                for log in (requests, responses)
            },
            "orphans": orphans,
            "pairs": pairs,
            "status": {str(code): count for code, count in sorted(self._status.items())},
            "negative": int(negative),
            "latency": {"count": count, "min_ms": low, "max_ms": high},
            "edge_ms": edge / 1000,
        }

    def _edge(self, durations: pl.DataFrame, count: int) -> int:
        """The default edge in µs: the larger of 1 s and the p99.9, nearest rank."""
        if not count:
            return 1_000_000
        rank = -(-999 * count // 1000)
        return max(1_000_000, int(durations.filter(pl.col("count").cum_sum() >= rank)["us"].item(0)))

    def _request_reasons(self, edge: int) -> dict[str, int]:
        instants = self._open["request"]
        late = 0 if self._last_response is None else int((instants > self._last_response - edge).sum())
        lost = self._lost["request"] + len(instants) - late
        return _occurring({"repeated_id": self._fates[EXTRA_REQUEST], "in_flight": late, "lost": lost})

    def _response_reasons(self, edge: int) -> dict[str, int]:
        instants = self._open["response"]
        if self._first_request is None:
            early, lost = 0, self._early + len(instants)
        else:
            early = self._early + int((instants < self._first_request + edge).sum())
            lost = self._lost["response"] + int((instants >= self._first_request + edge).sum())
        return _occurring({"repeated_id": self._fates[EXTRA_RESPONSE], "before_start": early, "lost": lost})


def _occurring(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
