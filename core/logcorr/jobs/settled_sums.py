"""The sums of the exchanges that were paired while the logs were read, once those whose ids recur are entries again."""

from collections.abc import Callable, Collection

import msgspec

from logcorr.figures.grid import Grid
from logcorr.figures.pair_sums import PairSums
from logcorr.jobs.grow_pairs import GoingOn
from logcorr.jobs.job import StartAgain
from logcorr.jobs.pair_while_reading import Sinks, take_back_recurring


def settled(sinks: Sinks, going_on: GoingOn | None, grid: Grid, no_sums: Callable[[Grid], PairSums]) -> Sinks:
    """Turns exchanges whose ids recur back into entries, and returns the sinks with the right sums on a grid.

    The exchanges are counted anew, beginning with `no_sums`, where some were taken back, and where the logs span
    another time than their samples told, in buckets that are not made up of those that were counted. `going_on` has
    sums of its own. Raises StartAgain where exchanges are not kept.
    """
    taken_back = take_back_recurring(sinks, going_on)
    adopted = set() if going_on is None else {*going_on.base.growth.parts}
    if taken_back - adopted or not sinks.sums.widen(grid):
        if not sinks.views.keeps_exchanges:
            raise StartAgain
        sinks = counted_anew(sinks, no_sums(grid), without=adopted)
    if going_on is not None and not going_on.add_sums(sinks.sums, sinks.views):
        return counted_anew(sinks, no_sums(grid))
    return sinks


def counted_anew(sinks: Sinks, sums: PairSums, without: Collection[str] = ()) -> Sinks:
    """The sinks with the sums of the exchanges that are in the view now, but for some parts; `sums` are still empty."""
    for part in sinks.views.exchange_parts(without):
        sinks.meter.tap()
        sums.add(part.collect(engine="streaming"))
    return msgspec.structs.replace(sinks, sums=sums)
