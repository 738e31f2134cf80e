"""Takes exchanges out of sums again: what is left are the sums of the other exchanges, where that can be told.

Counts can be taken out. What is a first or last one of all cannot, if it may be of an exchange that is taken out.
"""

import msgspec
import polars as pl

from logcorr.figures.latency_counts import MOST_COUNTS
from logcorr.figures.pair_sums import PairSums, PartialPairSums
from logcorr.figures.percentiles import DurationTotals
from logcorr.figures.sums import TOP
from logcorr.figures.user_table import plus
from logcorr.model.status import is_failure


def less(sums: PartialPairSums, taken: pl.DataFrame, resolution: tuple[bool, list[bool]]) -> PartialPairSums | None:
    """The sums without the exchanges that are taken out; None where only counting the others anew can tell.

    `taken` are exchanges as pairing returns them, which the sums have. `resolution` is that of all others.
    """
    counted = PairSums(sums.grid, 0, MOST_COUNTS if sums.exact else 0)
    counted.add(taken)
    part = counted.partial()
    totals = _totals_less(sums.totals, part.totals)
    slowest = sums.slowest
    among_slowest = slowest.height < TOP or bool((taken["duration_us"] >= slowest["duration_us"].min()).any())
    if totals is None or among_slowest or part.exact != sums.exact or part.given.exact != sums.given.exact:
        return None
    given = msgspec.structs.replace(
        sums.given,
        count=sums.given.count - part.given.count,
        differences=_counts_less(sums.given.differences, part.given.differences),
    )
    return msgspec.structs.replace(
        sums,
        latencies=_counts_less(sums.latencies, part.latencies),
        bands=_counts_less(sums.bands, part.bands),
        timeline=_counts_less(sums.timeline, part.timeline),
        windows=_counts_less(sums.windows, part.windows),
        responses=_counts_less(sums.responses, part.responses),
        totals=totals,
        resolution=resolution,
        given=given,
    )


def users_less(users: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """Counts of users (user_id, requests, errors) without the exchanges that are taken out."""
    fewer = taken.group_by("user_id").agg(
        requests=-pl.len().cast(pl.Int64), errors=-is_failure(pl.col("status_code")).sum().cast(pl.Int64)
    )
    return plus(users, fewer)


def _counts_less(counts: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """Counts (keys and n) without others of the same columns."""
    keys = [name for name in counts.columns if name != "n"]
    # Few counts are taken off: only these are added up.
    rest, touched = (counts.join(taken, on=keys, how=how, nulls_equal=True) for how in ("anti", "semi"))
    left = pl.concat([touched, taken.with_columns(-pl.col("n"))]).group_by(keys).agg(pl.col("n").sum())
    return pl.concat([rest, left.filter(pl.col("n") != 0).select(counts.columns)])


def _totals_less(totals: bytes, taken: bytes) -> bytes | None:
    """The totals of successes and failures without others. None where a least or a greatest one may be among these."""
    decode = msgspec.json.Decoder(tuple[DurationTotals, DurationTotals]).decode
    left = [one.less(other) for one, other in zip(decode(totals), decode(taken), strict=True)]
    return None if None in left else msgspec.json.encode(left)
