"""Estimates of a correlation's figures, reported while the correlation goes on."""

from collections.abc import Mapping
from typing import Protocol

from logcorr.figures import histogram, percentiles
from logcorr.figures.pair_sums import PairSums
from logcorr.figures.timeline import timeline_so_far
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.model.events import EstimateEvent
from logcorr.model.ledger import SIDES
from logcorr.pairing.entry_columns import EntryColumns
from logcorr.pairing.paired import SURPLUS


class WrittenSoFar(Protocol):
    """What was written so far of a correlation: see `PairViews`."""

    @property
    def columns(self) -> EntryColumns:
        """The columns of entries."""

    @property
    def repeats(self) -> Mapping[tuple[str, str], int]:
        """Repeats by side and kind."""

    @property
    def open_orphans(self) -> Mapping[str, int]:
        """Orphans by side."""

    @property
    def exchanges_written(self) -> int:
        """Exchanges."""


class Estimates:
    """Reports what is in the views so far: the ledger always, the figures only where they are `wanted`."""

    def __init__(self, meter: ProgressMeter, views: WrittenSoFar, *, wanted: bool) -> None:
        self._meter, self._views, self._wanted = meter, views, wanted

    def tell(self, share: float, sums: PairSums, orphans: int) -> None:
        """Updates the ledger and reports the figures. Raises Cancelled where the job was cancelled.

        `share` is the share of the work that is done, `orphans` about how many orphans there are so far.
        """
        self._fill_ledger()
        self._meter.tap()
        if self._wanted:
            self._meter.tell(self._event(share, sums, orphans))

    def _fill_ledger(self) -> None:
        """Counts the lines whose entries are settled, by what became of them.

        The ledger closes after the last bucket.
        """
        views = self._views
        for side in SIDES:
            ledger = self._meter.ledger_of(side)
            ledger.update(
                redelivered=views.repeats.get((side, "redelivered"), 0),
                superseded=views.repeats.get((side, "superseded"), 0),
                matched=views.exchanges_written,
                orphans=views.open_orphans.get(side, 0),
            )
            if views.columns.has_weak(side):
                ledger["surplus"] = views.repeats.get((side, SURPLUS), 0)

    def _event(self, share: float, sums: PairSums, orphans: int) -> EstimateEvent:
        timeline, heatmap = timeline_so_far(sums)
        return EstimateEvent(
            share=share,
            matched=self._views.exchanges_written,
            orphans=orphans,
            negative=sums.totals[False].negative + sums.totals[True].negative,
            status=sums.status(),
            histogram=histogram.histogram(sums.bands),
            timeline=timeline,
            heatmap=heatmap,
            **percentiles.estimates(sums.latencies),
        )
