"""Hypothesis strategies for entries as readers give them: small and nasty, with any columns, and any rules of pairing.

Ids, instants and values come from small pools, so that repeated ids, equal instants and equal entries are frequent.
What the oracle says comes in the columns of the engine.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from hypothesis import strategies as st

from logcorr.model.ledger import SIDES, Side
from logcorr.pairing.entry_columns import EntryColumns
from logcorr.pairing.rules import Rules
from tests.oracle.pair_oracle import Entry, Way, settle

Row = tuple[Any, ...]
Views = dict[str, Counter[Row]]
PLAIN = EntryColumns()
# Columns of one side alone, of both, and all that there can be.
ALL = EntryColumns(
    attributes=("method", "endpoint", "last", "size"),
    request_attributes=("endpoint", "method", "last"),
    response_attributes=("endpoint", "size", "last"),
    given=True,
    weak=True,
    response_user=True,
)
COLUMNS = (
    *(PLAIN, PLAIN, ALL, ALL),
    EntryColumns(attributes=("endpoint",), request_attributes=("endpoint",)),
    EntryColumns(attributes=("ip",), request_attributes=("ip",), response_attributes=("ip",)),
    EntryColumns(given=True),
    *[EntryColumns(weak=True)] * 3,
    EntryColumns(response_user=True),
    EntryColumns(line_hash=True),
    EntryColumns(
        attributes=("a", "b"), request_attributes=("a",), response_attributes=("a", "b"), weak=True, line_hash=True
    ),
)


@dataclass(frozen=True)
class Log:
    """Entries of both sides, in the order of their lines, with their columns; and the rules of their pairing."""

    rules: Rules
    entries: tuple[Entry, ...]

    @property
    def columns(self) -> EntryColumns:
        return self.rules.columns

    def frame(self, side: Side) -> pl.DataFrame:
        """The entries of one side as a reader gives them."""
        columns = self.columns
        own = [self._values(entry) for entry in self.entries if entry.side == side]
        schema = columns.schema(side)
        return pl.DataFrame([[values[name] for name in schema] for values in own], schema=schema, orient="row")

    def expected(self) -> Views:
        """What the oracle says, in the columns of the engine; reasons that the edge decides are None."""
        rules = self.rules
        way = Way(rules.policy, rules.max_duration_us, rules.ties_by_line, rules.one_log)
        pairs, orphans, repeats = settle(self.entries, way)
        return {
            "exchanges": Counter(self._exchange(*couple) for couple in pairs),
            "orphans": Counter(self._alone(entry, "reason", reason or None) for entry, reason in orphans),
            "repeats": Counter(self._alone(entry, "kind", kind) for entry, kind in repeats),
        }

    def numbered(self, entries: Sequence[Entry]) -> "Log":
        """The same rules for entries whose rows are numbered in their order."""
        return Log(self.rules, tuple(_numbered(entries, one_log=self.rules.one_log)))

    def _values(self, entry: Entry) -> dict[str, Any]:
        """All that an entry says, by the names of columns."""
        request = entry.side == "request"
        attributes = zip(self.columns.of_side("request" if request else "response"), entry.attributes, strict=True)
        return {
            "request_id": entry.request_id,
            "time": entry.at if entry.clock else None,
            "user_id": entry.value if request else entry.user,
            "status_code": None if request else entry.value,
            "given_us": entry.given_us,
            "weak": entry.weak,
            "line_hash": entry.line_hash,
            "row": entry.row,
            **dict.fromkeys(self.columns.attributes),
            **dict(attributes),
        }

    def _exchange(self, request: Entry, response: Entry) -> Row:
        asked, answered = self._values(request), self._values(response)
        merged = {name: answered[name] if value is None else value for name, value in asked.items()}
        merged |= {f"request_{name}": asked[name] for name in ("time", "row")}
        merged |= {f"response_{name}": answered[name] for name in ("time", "row")}
        distance = response.at - request.at if request.clock and response.clock else None
        merged["duration_us"] = distance if self.rules.duration == "events" else response.given_us
        return tuple(merged[name] for name in self.columns.exchanges)

    def _alone(self, entry: Entry, verdict: str, why: str | None) -> Row:
        values = {**self._values(entry), "side": entry.side, verdict: why}
        schema = self.columns.orphans if verdict == "reason" else self.columns.repeats
        return tuple(values[name] for name in schema)


def rows_of(frames: Sequence[pl.DataFrame]) -> Counter[Row]:
    """All rows of some frames."""
    return Counter(row for frame in frames for row in frame.iter_rows())


def without_rows(rows: Counter[Row], columns: int) -> Counter[Row]:
    """Rows without their last `columns` columns, which say where the entries stand."""
    shorter: Counter[Row] = Counter()
    for row, count in rows.items():
        shorter[row[:-columns]] += count
    return shorter


def _numbered(entries: Sequence[Entry], *, one_log: bool) -> list[Entry]:
    rows = Counter[str]()
    numbered = []
    for entry in entries:
        log = "both" if one_log else entry.side
        numbered.append(entry._replace(row=rows[log]))
        rows[log] += 1
    return numbered


_TEXTS = st.sampled_from([None, "", "u", "u1", "u1\x00", "é", "v" * 40])
_STATUSES = st.sampled_from([None, 0, 200, 200, 404, 999])
_NUMBERS = st.sampled_from([None, 0, 1, 10**12, -5])
_FEW_IDS = st.sampled_from(["a", "a", "a", "b", "b", "nul\x00", "é" * 9, "c", "d"])
_MANY_IDS = st.integers(0, 25).map(str)


@st.composite
def _entry(
    draw: st.DrawFn, columns: EntryColumns, times: st.SearchStrategy[int | None], ids: st.SearchStrategy[str]
) -> Entry:
    side = draw(st.sampled_from(SIDES))
    at = draw(times)
    request = side == "request"
    few = st.sampled_from([None, "", "x", "y"])
    return Entry(
        side=side,
        at=at or 0,
        clock=at is not None,
        request_id=draw(ids),
        value=draw(_TEXTS if request else _STATUSES),
        file="",
        line=0,
        weak=not request and columns.weak and draw(st.booleans()),
        user=draw(_TEXTS) if columns.response_user and not request else None,
        given_us=draw(_NUMBERS) if columns.given and not request else None,
        attributes=tuple(draw(few) for _ in columns.of_side(side)),
        line_hash=draw(st.sampled_from((0, 1, 2**32 - 1))) if columns.line_hash else 0,
    )


@st.composite
def rules(draw: st.DrawFn, columns: EntryColumns) -> Rules:
    """Any rules for entries with these columns."""
    durations: tuple[Literal["events", "given"], ...] = ("events", "given")
    return Rules(
        policy=draw(st.sampled_from(("in-order", "nearest", "nearest", "nearest", "first", "last"))),
        max_duration_us=draw(st.one_of(st.none(), st.none(), st.sampled_from([0, 1, 2, 10**9]))),
        duration=draw(st.sampled_from(durations)) if columns.given else "events",
        ties_by_line=draw(st.sampled_from((False, False, True))),
        one_log=draw(st.booleans()),
        columns=columns,
    )


@st.composite
def logs(draw: st.DrawFn, most: int = 60) -> Log:
    """Up to `most` entries; now and then all of one instant, without a clock, or many that are equal."""
    columns = draw(st.sampled_from(COLUMNS))
    spread = st.one_of(st.integers(-3, 3), st.integers(-(10**15), 10**15))
    times = draw(
        st.sampled_from([spread, spread, st.integers(0, 6), st.just(0), st.none(), st.one_of(st.none(), spread)])
    )
    entry = _entry(columns, times, draw(st.sampled_from([_FEW_IDS, _MANY_IDS])))
    # Lists of a fixed length: left to itself, Hypothesis makes most logs very short.
    found = [draw(entry) for _ in range(draw(st.sampled_from((0, 1, 3, 6, 12, 20, 30, 40))))]
    found += [draw(entry)] * draw(st.sampled_from((0, 0, 0, 1, 8, 25)))
    entries = draw(st.permutations(found[:most]))
    return Log(draw(rules(columns)), ()).numbered(entries)
