"""Counts of exchanges by endpoint, address, method and user agent: whole numbers by the codes of texts.

Counts merge exactly in any order. Texts and counts that are too many for memory are spilled into hash partitions. A
text is looked at again only when a partition is read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from threading import Condition

import msgspec
import numpy as np
import polars as pl

from logcorr.compute.count_table import CountTable, filled
from logcorr.compute.group_in_parts import SpilledPartitions, partition_of, top
from logcorr.compute.parquet_slices import count, slices_of
from logcorr.compute.text_codes import NO_TEXT, Codes, TextCodes
from logcorr.compute.zero_copy_text import Int64Array
from logcorr.figures.sums import TOP
from logcorr.model.status import is_client_error, is_failure, is_server_error

_PARTITIONS = 16
_ROWS_AT_ONCE = 120_000
# What became of exchanges that failed. Those that succeeded have 0.
_OTHER_FAILURE, _CLIENT_ERROR, _SERVER_ERROR = 1, 2, 3
_NO_STATUS = -(1 << 20)
_NO_TIME = -(1 << 50)
_SCHEMA = pl.Schema({"key": pl.String, "value": pl.Int64, "n": pl.Int64})
# By attribute, what the value of a key is: a status, a duration in µs, the number of a window, an outcome.
_VALUES_OF = {
    "endpoint": ("status", "duration"),
    "ip": ("window", "outcome"),
    "method": ("outcome",),
    "user_agent": ("outcome",),
}
# All tables of counts: the attribute, and what the value of a key is.
TABLES = tuple((name, value) for name, values in _VALUES_OF.items() for value in values)


class GroupCounts:
    """Counts of exchanges by the attributes that they have.

    `names` are the attributes, `window_us` is the width of a window. Counts of more than about `room` bytes are spilled
    below `folder`. `tables` and `spilled` hold the counts by an attribute and what the value of a key is. `part` tells
    which hash partition of all texts is counted: its number, and of how many.

    Several threads may count at once, each within `counting`.
    """

    def __init__(
        self, names: Sequence[str], window_us: int, room: int, folder: Path, part: tuple[int, int] = (0, 1)
    ) -> None:
        self._window_us, self._room = window_us, room
        # Spilled are parts of this part.
        number, parts = part
        self._first_partition, self._all_partitions = number * _PARTITIONS, parts * _PARTITIONS
        self.codes = {name: TextCodes() for name in names}
        self._missing = dict.fromkeys(names, 0)
        # How many threads count, and whether the counts are to be spilled once none does.
        self._counting, self._full, self._changed = 0, False, Condition()
        # The most exchanges that were counted at once.
        self._most_rows = 0
        self.tables = {(name, value): CountTable() for name in names for value in _VALUES_OF.get(name, ())}
        self._folder = folder
        self.spilled: dict[tuple[str, str], list[SpilledPartitions]] = {table: [] for table in self.tables}

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Within this context `codes` may be used, and their exchanges counted. Codes mean nothing after it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._full)
            self._counting += 1
        try:
            yield
        finally:
            with self._changed:
                self._counting -= 1
                # Others count already, and each may need as much more.
                self._full = self._full or self.size(self._most_rows * (self._counting + 1)) > self._room
                if self._full and not self._counting:
                    self._spill()
                    self._full = False
                    self._changed.notify_all()

    def add(self, exchanges: pl.DataFrame, codes: Mapping[str, Codes]) -> None:
        """Counts exchanges (request_time in µs, duration_us, status_code), whose attributes have these codes.

        To be called within `counting`.
        """
        statuses = exchanges["status_code"]
        outcomes = _OUTCOME_OF[statuses.fill_null(0).to_numpy().view(np.uint16)]
        for name, own in codes.items():
            missing = int(np.count_nonzero(own == NO_TEXT))
            with self._changed:
                self._missing[name] += missing
                self._most_rows = max(self._most_rows, own.size)
            keys = own.astype(np.int64)
            if name == "endpoint":
                self.tables[name, "status"].add(keys, filled(statuses, _NO_STATUS))
                self._add_durations(keys, exchanges["duration_us"])
            elif (name, "outcome") in self.tables:
                windows = (name, "window") in self.tables
                # Exchanges without an address are in no row of addresses.
                which = own != NO_TEXT if windows and not own.all() else slice(None)
                self.tables[name, "outcome"].add(keys[which], outcomes[which])
                if windows:
                    at = filled(exchanges["request_time"] // self._window_us, _NO_TIME)
                    self.tables[name, "window"].add(keys[which], at[which])

    def add_counts(self, table: tuple[str, str], rows: pl.DataFrame) -> None:
        """Adds counts of one of the TABLES, as `rows` gives them. To be called within `counting`."""
        keys = self.codes[table[0]].of_texts(rows["key"]).astype(np.int64)
        codes = np.repeat(keys, rows["n"].list.len().to_numpy())
        with self._changed:
            self._most_rows = max(self._most_rows, codes.size)
        self.tables[table].add(codes, filled(rows["value"].explode(), 0), filled(rows["n"].explode(), 0))

    def codes_of(self, exchanges: pl.DataFrame) -> dict[str, Codes]:
        """The codes of the attributes of exchanges, which are texts. To be called within `counting`."""
        return {name: codes.of_texts(exchanges[name]) for name, codes in self.codes.items()}

    def merge(self, other: "GroupCounts") -> None:
        """Adds the counts of the same attributes that were counted elsewhere. `other` is of no use after that.

        No thread may count meanwhile.
        """
        for name, codes in other.codes.items():
            own = self.codes[name].of_texts(codes.texts()).astype(np.int64)
            self._missing[name] += other.missing[name]
            for table_key, table in other.tables.items():
                if table_key[0] == name:
                    self.tables[table_key].merge(table, own)
        for table_key, spilled in other.spilled.items():
            self.spilled[table_key] += spilled
        if self.size() > self._room:
            self._spill()

    def size(self, more: int = 0) -> int:
        """The bytes of memory that texts and counts take, about; with so many texts and counts more of each kind."""
        of_texts = sum(codes.size(more) for codes in self.codes.values())
        return of_texts + sum(table.size(more) for table in self.tables.values())

    @property
    def missing(self) -> dict[str, int]:
        """How many exchanges lack a value, by the name of the attribute; 0 where none lacks it."""
        return dict(self._missing)

    def add_missing(self, missing: Mapping[str, int]) -> None:
        """Adds how many other exchanges lack each attribute."""
        for name, n in missing.items():
            self._missing[name] += n

    def endpoints(self) -> Iterator["GroupPart"]:
        """The partitions of endpoints: their exchanges by `status` and by `duration`, of those that are not negative.

        A partition must be read before the next one is taken. To be called once.
        """
        return self._partitions("endpoint", "status", "duration")

    def ips(self) -> Iterator["GroupPart"]:
        """The partitions of addresses: their exchanges by `window` and by `outcome`. As for `endpoints`."""
        return self._partitions("ip", "window", "outcome")

    def top(self, name: str) -> tuple[pl.DataFrame, int]:
        """(name, requests, errors): the values with the most requests; and how many values there are.

        There are none of an attribute that is not there. To be called once for each name.
        """
        return top_of(name, self._partitions(name, "outcome") if (name, "outcome") in self.tables else ())

    def rows(self) -> Iterator[tuple[tuple[str, str], pl.DataFrame]]:
        """All counts by their table of TABLES, in frames of some counts. To be called once.

        A row is a key with its values and how often each was counted (key, value: list, n: list). So no text is looked
        at for each count. A key and its values may come several times: their counts are to be added up.
        """
        for table, counts in self.tables.items():
            texts = self.codes[table[0]].texts()
            for rows in counts.counts().sort("first").iter_slices(_ROWS_AT_ONCE):
                by_key = rows.group_by("first", maintain_order=True).agg(value="second", n="n")
                yield table, by_key.select(key=pl.lit(texts).gather("first"), value="value", n="n")
            partitions = chain.from_iterable(spilled.partitions() for spilled in self.spilled[table])
            for frame in chain.from_iterable(partitions):
                for part in slices_of(frame, count(frame), _ROWS_AT_ONCE):
                    yield table, part.group_by("key").agg("value", "n").collect(engine="streaming")

    def _add_durations(self, endpoints: Int64Array, durations: pl.Series) -> None:
        valid = (durations >= 0).fill_null(value=False)
        if not valid.all():
            which = valid.to_numpy()
            self.tables["endpoint", "duration"].add(endpoints[which], filled(durations.filter(valid), 0))
        else:
            self.tables["endpoint", "duration"].add(endpoints, filled(durations, 0))

    def _spill(self) -> None:
        """Writes all texts and counts in memory to partitions."""
        for name, codes in self.codes.items():
            texts = codes.texts()
            for table in [table for table in self.tables if table[0] == name]:
                spilled = self.spilled[table]
                if not spilled:
                    folder = self._folder / "-".join(table)
                    number_of = partition_of("key", self._all_partitions) - self._first_partition
                    spilled.append(SpilledPartitions(number_of, _PARTITIONS, folder))
                rows = self.tables[table].counts().lazy()
                spilled[0].add(rows.select(key=pl.lit(texts).gather("first"), value="second", n="n"))
                self.tables[table].clear()
            codes.clear()

    def _partitions(self, name: str, *values: str) -> Iterator["GroupPart"]:
        """The counts of an attribute by each of these values, in partitions by its texts."""
        if not any(self.spilled[name, value] for value in values):
            tables = {value: self.tables[name, value].counts() for value in values}
            frames = {value: rows.lazy().select(code="first", value="second", n="n") for value, rows in tables.items()}
            yield GroupPart(self.codes[name].texts(), frames)
            return
        self._spill()
        spills = {value: [spilled.partitions() for spilled in self.spilled[name, value]] for value in values}
        for number in range(_PARTITIONS):
            scans = {
                value: pl.concat([_SCHEMA.to_frame().lazy(), *(frame for part in partitions for frame in next(part))])
                for value, partitions in spills.items()
            }
            # Grouping takes much memory for each row: a large partition is read in several steps.
            steps = -(-max(map(count, scans.values())) // _ROWS_AT_ONCE) or 1
            for step in range(steps):
                within = partition_of("key", self._all_partitions * steps)
                chosen = within == (self._first_partition + number) * steps + step
                yield _part({value: rows.filter(chosen) for value, rows in scans.items()})


def top_of(name: str, parts: Iterable["GroupPart"]) -> tuple[pl.DataFrame, int]:
    """(name, requests, errors): the TOP values of an attribute by requests, then by text; and how many there are.

    The parts of the attribute have outcomes.
    """
    n, failed = pl.col("n"), pl.col("value") > 0
    sums = n.sum().alias("requests"), n.filter(failed).sum().alias("errors")
    nothing = pl.LazyFrame(schema={name: pl.String, "requests": pl.Int64, "errors": pl.Int64})
    heights = []

    def counted() -> Iterator[pl.LazyFrame]:
        for part in parts:
            rows = part.outcomes.group_by("code").agg(sums).collect(engine="streaming")
            heights.append(rows.height)
            yield part.named(name, rows.lazy()).select(name, "requests", "errors")

    return top(chain([nothing], counted()), "requests", name, TOP), sum(heights)


def _part(scans: Mapping[str, pl.LazyFrame]) -> "GroupPart":
    """Counts (key, value, n) by codes of the keys; equal keys and values are added up."""
    codes, frames = TextCodes(), {}
    for value, rows in scans.items():
        kept = rows.collect(engine="streaming")
        coded = kept.select(pl.Series("code", codes.of_texts(kept["key"])).cast(pl.Int64), "value", "n")
        del kept
        frames[value] = coded.lazy().group_by("code", "value").agg(pl.col("n").sum())
    return GroupPart(codes.texts(), frames)


class GroupPart(msgspec.Struct, frozen=True):
    """Some values of an attribute, each with all its exchanges.

    `frames` have (code, value, n): exchanges by the code of a text in `texts`, and by a value of the kind that names
    the frame.
    """

    texts: pl.Series
    frames: Mapping[str, pl.LazyFrame]

    def named(self, name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Rows with a column `name` of texts, the last one, instead of the column `code`."""
        return rows.with_columns(pl.lit(self.texts).gather("code").alias(name)).select(pl.exclude("code"))

    @property
    def statuses(self) -> pl.LazyFrame:
        """(code, status_code, n)."""
        status = pl.when(pl.col("value") != _NO_STATUS).then("value").cast(pl.Int16).alias("status_code")
        return self.frames["status"].select("code", status, "n")

    @property
    def durations(self) -> pl.LazyFrame:
        """(code, duration_us, n)."""
        return self.frames["duration"].select("code", duration_us="value", n="n")

    @property
    def windows(self) -> pl.LazyFrame:
        """(code, at, requests): exchanges by the number of their window, which is null for those without a time."""
        at = pl.when(pl.col("value") != _NO_TIME).then("value").alias("at")
        return self.frames["window"].select("code", at, requests="n")

    @property
    def outcomes(self) -> pl.LazyFrame:
        """(code, value, n): `value` is 0 for exchanges that succeeded."""
        return self.frames["outcome"]

    @property
    def failures(self) -> pl.LazyFrame:
        """(code, requests, errors, errors_4xx, errors_5xx), a row for each text."""
        n, outcome = pl.col("n"), pl.col("value")
        which = {"requests": outcome >= 0, "errors": outcome > 0}
        which |= {"errors_4xx": outcome == _CLIENT_ERROR, "errors_5xx": outcome == _SERVER_ERROR}
        return self.outcomes.group_by("code").agg(n.filter(chosen).sum().alias(name) for name, chosen in which.items())


def _outcome(status: int) -> int:
    if is_server_error(status):
        return _SERVER_ERROR
    return _CLIENT_ERROR if is_client_error(status) else _OTHER_FAILURE * is_failure(status)


# By status codes of 16 bits without a sign. No status is a failure as 0 is.
_OUTCOME_OF = np.array([_outcome(code) for code in range(1 << 10)], np.int64)
_OUTCOME_OF = np.concatenate([_OUTCOME_OF, np.full((1 << 15) - _OUTCOME_OF.size, _outcome(1 << 10), np.int64)])
_OUTCOME_OF = np.concatenate([_OUTCOME_OF, np.full(1 << 15, _outcome(-1), np.int64)])
