"""Counts of exchanges by endpoint, address, method and user agent: whole numbers by the codes of texts.

Counts merge exactly in any order. Texts and counts that are too many for memory are spilled into hash partitions. A
text is looked at again only when a partition is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from logcorr.compute.count_table import CountTable, filled
from logcorr.compute.group_in_parts import SpilledPartitions, partition_of, top
from logcorr.compute.text_codes import NO_TEXT, Codes, TextCodes
from logcorr.compute.zero_copy_text import Int64Array
from logcorr.figures.sums import TOP
from logcorr.model.status import is_client_error, is_failure, is_server_error

_PARTITIONS = 16
# What became of exchanges: the first succeeded, the others failed. A key holds one of four with a whole number.
_OUTCOMES = 4
_OTHER_FAILURE, _CLIENT_ERROR, _SERVER_ERROR = 1, 2, 3
_NO_STATUS = -(1 << 20)
_NO_TIME = -(1 << 50)
_SCHEMA = pl.Schema({"key": pl.String, "value": pl.Int64, "n": pl.Int64})


class GroupCounts:
    """Counts of exchanges by the attributes that they have.

    `names` are the attributes, `window_us` is the width of a window. Counts of more than about `room` bytes are spilled
    below `folder`. `tables` and `spilled` hold the counts by an attribute and what the value of a key is.
    """

    def __init__(self, names: Sequence[str], window_us: int, room: int, folder: Path) -> None:
        self._window_us, self._room = window_us, room
        self.codes = {name: TextCodes() for name in names}
        self._missing = dict.fromkeys(names, 0)
        # By attribute and what the number of a key is: a status, a duration in µs, a window and an outcome, an outcome.
        numbers = {"endpoint": ("status", "duration"), "ip": ("window",), "method": ("outcome",)}
        numbers["user_agent"] = numbers["method"]
        self.tables = {(name, number): CountTable() for name in names for number in numbers.get(name, ())}
        self._folder = folder
        self.spilled: dict[tuple[str, str], list[SpilledPartitions]] = {table: [] for table in self.tables}

    def add(self, exchanges: pl.DataFrame, codes: Mapping[str, Codes]) -> None:
        """Counts exchanges (request_time in µs, duration_us, status_code), whose attributes have these codes."""
        statuses = exchanges["status_code"]
        outcomes = _OUTCOME_OF[statuses.fill_null(0).to_numpy().view(np.uint16)]
        for name, own in codes.items():
            self._missing[name] += int(np.count_nonzero(own == NO_TEXT))
            keys = own.astype(np.int64)
            if name == "endpoint":
                self.tables[name, "status"].add(keys, filled(statuses, _NO_STATUS))
                self._add_durations(keys, exchanges["duration_us"])
            elif name == "ip":
                known = keys if self._missing[name] == 0 else keys[own != NO_TEXT]
                numbers = filled(exchanges["request_time"] // self._window_us, _NO_TIME) * _OUTCOMES + outcomes
                self.tables[name, "window"].add(known, numbers if known is keys else numbers[own != NO_TEXT])
            elif (name, "outcome") in self.tables:
                self.tables[name, "outcome"].add(keys, outcomes)
        if self.size > self._room:
            self._spill()

    def codes_of(self, exchanges: pl.DataFrame) -> dict[str, Codes]:
        """The codes of the attributes of exchanges, which are texts."""
        return {name: codes.of_texts(exchanges[name]) for name, codes in self.codes.items()}

    def merge(self, other: "GroupCounts") -> None:
        """Adds the counts of the same attributes that were counted elsewhere. `other` is of no use after that."""
        for name, codes in other.codes.items():
            own = self.codes[name].of_texts(codes.texts()).astype(np.int64)
            self._missing[name] += other.missing[name]
            for (table_name, number), table in other.tables.items():
                if table_name == name:
                    counted = table.counts()
                    first = own[counted["first"].to_numpy()]
                    self.tables[name, number].add(first, filled(counted["second"], 0), filled(counted["n"], 0))
        for table_key, spilled in other.spilled.items():
            self.spilled[table_key] += spilled
        if self.size > self._room:
            self._spill()

    @property
    def size(self) -> int:
        """The bytes of memory that texts and counts take, about."""
        return sum(codes.size for codes in self.codes.values()) + sum(table.size for table in self.tables.values())

    @property
    def missing(self) -> dict[str, int]:
        """How many exchanges lack a value, by the name of the attribute; 0 where none lacks it."""
        return dict(self._missing)

    def endpoints(self) -> Iterator[tuple[pl.LazyFrame, pl.LazyFrame]]:
        """For each partition of endpoints: (endpoint, status_code, n) and (endpoint, duration_us, n).

        Durations are those that are not negative. Frames must be read before the next ones are taken. To be called
        once.
        """
        status = pl.when(pl.col("value") != _NO_STATUS).then("value").cast(pl.Int16).alias("status_code")
        for statuses, durations in self._partitions(("endpoint", "status"), ("endpoint", "duration")):
            endpoint = pl.col("key").alias("endpoint")
            yield statuses.select(endpoint, status, "n"), durations.select(endpoint, duration_us="value", n="n")

    def ip_windows(self) -> Iterator[pl.LazyFrame]:
        """For each partition of addresses: (ip, at, requests, errors, errors_4xx, errors_5xx), a row for each window.

        `at` is the number of the window, null for requests without a time. As for `endpoints`.
        """
        at, outcome = pl.col("value") // _OUTCOMES, pl.col("value") % _OUTCOMES
        counts = {"requests": outcome >= 0, "errors": outcome > 0}
        counts |= {"errors_4xx": outcome == _CLIENT_ERROR, "errors_5xx": outcome == _SERVER_ERROR}
        for (rows,) in self._partitions(("ip", "window")):
            yield rows.group_by(ip="key", at=pl.when(at != _NO_TIME).then(at)).agg(
                pl.col("n").filter(which).sum().alias(name) for name, which in counts.items()
            )

    def top(self, name: str) -> pl.DataFrame:
        """(name, requests, errors): the values with the most requests; no rows for an attribute that is not there.

        To be called once for each name.
        """
        if (name, "outcome") not in self.tables:
            return pl.DataFrame(schema={name: pl.String, "requests": pl.Int64, "errors": pl.Int64})
        n, failed = pl.col("n"), pl.col("value") > 0
        counted = (
            rows.group_by(pl.col("key").alias(name)).agg(
                n.sum().alias("requests"), n.filter(failed).sum().alias("errors")
            )
            for (rows,) in self._partitions((name, "outcome"))
        )
        return top(counted, "requests", name, TOP)

    def _add_durations(self, endpoints: Int64Array, durations: pl.Series) -> None:
        valid = (durations >= 0).fill_null(value=False)
        if not valid.all():
            which = valid.to_numpy()
            self.tables["endpoint", "duration"].add(endpoints[which], filled(durations.filter(valid), 0))
        else:
            self.tables["endpoint", "duration"].add(endpoints, filled(durations, 0))

    def _frame(self, table: tuple[str, str], texts: pl.Series) -> pl.LazyFrame:
        """(key, value, n): the counts of a table in memory; `texts` are those of its codes."""
        counts = self.tables[table].counts()
        key = texts.gather(counts["first"]).alias("key")
        return counts.lazy().select(pl.lit(key), value="second", n="n")

    def _spill(self) -> None:
        """Writes all texts and counts in memory to partitions."""
        for name, codes in self.codes.items():
            texts = codes.texts()
            for table in [table for table in self.tables if table[0] == name]:
                spilled = self.spilled[table]
                if not spilled:
                    folder = self._folder / "-".join(table)
                    spilled.append(SpilledPartitions(partition_of("key", _PARTITIONS), _PARTITIONS, folder))
                spilled[0].add(self._frame(table, texts))
                self.tables[table].clear()
            codes.clear()

    def _partitions(self, *tables: tuple[str, str]) -> Iterator[tuple[pl.LazyFrame, ...]]:
        """The counts of tables in partitions by their texts: a frame (key, value, n) of each table."""
        name = tables[0][0]
        if not any(self.spilled[table] for table in tables):
            texts = self.codes[name].texts()
            yield tuple(self._frame(table, texts) for table in tables)
            return
        self._spill()
        spills = [spilled.partitions() for table in tables for spilled in self.spilled[table]]
        counts = [len(self.spilled[table]) for table in tables]
        for parts in zip(*spills, strict=True):
            frames, begin = [], 0
            for count in counts:
                rows = [frame for part in parts[begin : begin + count] for frame in part]
                begin += count
                all_rows = pl.concat(rows) if rows else _SCHEMA.to_frame().lazy()
                frames.append(all_rows.group_by("key", "value").agg(pl.col("n").sum()))
            yield tuple(frames)


def _outcome(status: int) -> int:
    if is_server_error(status):
        return _SERVER_ERROR
    return _CLIENT_ERROR if is_client_error(status) else _OTHER_FAILURE * is_failure(status)


# By status codes of 16 bits without a sign. No status is a failure as 0 is.
_OUTCOME_OF = np.array([_outcome(code) for code in range(1 << 10)], np.int64)
_OUTCOME_OF = np.concatenate([_OUTCOME_OF, np.full((1 << 15) - _OUTCOME_OF.size, _outcome(1 << 10), np.int64)])
_OUTCOME_OF = np.concatenate([_OUTCOME_OF, np.full(1 << 15, _outcome(-1), np.int64)])
