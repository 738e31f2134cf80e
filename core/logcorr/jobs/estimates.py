"""First estimates of a correlation: what is told of the result while it is made."""

from logcorr.figures import histogram, percentiles
from logcorr.figures.pair_sums import PairSums
from logcorr.figures.timeline import timeline_so_far
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.jobs.write_views import PairViews
from logcorr.model.events import EstimateEvent
from logcorr.model.ledger import SIDES


class Estimates:
    """Tells the ledger, and where they are `wanted` the figures, of what is in the views by now."""

    def __init__(self, meter: ProgressMeter, views: PairViews, *, wanted: bool) -> None:
        self._meter, self._views, self._wanted = meter, views, wanted

    def tell(self, share: float, sums: PairSums, orphans: int) -> None:
        """`share` is how much of the work is done, `orphans` about how many there are. Raises Cancelled."""
        self._fill_ledger()
        self._meter.tap()
        if self._wanted:
            self._meter.tell(self._event(share, sums, orphans))

    def _fill_ledger(self) -> None:
        """Where the lines went whose entries are settled; the ledger closes after the last bucket."""
        views = self._views
        for side in SIDES:
            self._meter.sides[side].ledger.update(
                redelivered=views.repeats.get((side, "redelivered"), 0),
                superseded=views.repeats.get((side, "superseded"), 0),
                matched=views.exchanges_written,
                orphans=views.open_orphans.get(side, 0),
            )

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
