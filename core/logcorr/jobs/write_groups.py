"""Writes the views of exchanges by attribute: a row for each endpoint, each address and each window.

Both kinds of jobs write them, from the exchanges that they have written. Memory stays bounded with any number of rows.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute.parquet_slices import scan, slices
from logcorr.compute.zero_copy_text import copied
from logcorr.figures import endpoints_and_addresses
from logcorr.figures.group_counts import GroupCounts
from logcorr.figures.group_figures import GroupData
from logcorr.figures.sums import Sums
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.jobs.write_views import ViewWriter
from logcorr.query.findings_by_group import Group

# Slices of exchanges that are counted at once.
_SLICE_ROWS = 250_000
# The views by the attribute that they are of. There are windows where any of these attributes is.
_VIEW_OF = {"endpoint": "endpoints", "ip": "ips"}


class GroupLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The width of a window in µs, and with how many requests in it an address is not suspicious yet."""

    window_us: int
    suspicious: int


def group_views(attributes: Sequence[str]) -> tuple[str, ...]:
    """The views that exchanges with these attributes have: some of endpoints, ips and windows."""
    views = [view for name, view in _VIEW_OF.items() if name in attributes]
    return (*views, "windows") if views else ()


def count_groups(views: ViewWriter, counts: GroupCounts, meter: ProgressMeter) -> GroupCounts:
    """Counts all exchanges that were written by attribute, in one pass over the view."""
    for exchanges in slices(views.files("exchanges"), _SLICE_ROWS):
        meter.tap()
        rows = exchanges.select("request_time", "duration_us", "status_code", *counts.codes).collect(engine="streaming")
        with counts.counting():
            counts.add(rows.with_columns(pl.col("request_time").cast(pl.Int64)), counts.codes_of(rows))
    return counts


def groups_of(views: ViewWriter, attributes: Sequence[str]) -> list[Group]:
    """The endpoints and addresses among the views that were written, for findings."""
    nouns = {"endpoint": "endpoint", "ip": "address"}
    return [
        Group(column=name, noun=nouns[name], rows=scan(views.files(view)))
        for name, view in _VIEW_OF.items()
        if name in attributes
    ]


class GroupWriter:
    """Writes the views of endpoints, addresses and windows, and gives what their figures are made of.

    The writer `views` must have made the folders of `group_views`. What is read again is below the folder `spill`.
    """

    def __init__(self, views: ViewWriter, spill: Path, meter: ProgressMeter, limits: GroupLimits) -> None:
        self._views, self._spill, self._meter, self._limits = views, spill, meter, limits

    def write(
        self,
        attributes: Sequence[str],
        sums: Sums,
        counts: GroupCounts,
        orphans_by_window: pl.DataFrame | None = None,
    ) -> GroupData:
        """Writes the views that exchanges with these attributes have, from their counts.

        `orphans_by_window` has (at, side, n); it is None where there are no orphans in the kind of log.
        """
        names = group_views(attributes)
        statuses = self._write_endpoints(counts) if "endpoints" in names else pl.LazyFrame()
        suspicious = pl.DataFrame(schema={"at": pl.Int64, "ip": pl.String})
        if "ips" in names:
            suspicious = self._write_ips(counts)
        windows = endpoints_and_addresses.windows(sums.windows, suspicious, self._limits.window_us, orphans_by_window)
        if "windows" in names:
            self._views.write(endpoints_and_addresses.worst_first(windows).lazy(), "windows", "0000")
        return GroupData(
            counts=counts,
            windows=windows,
            window_us=self._limits.window_us,
            suspicious=suspicious,
            endpoints=self._parts("endpoints") if "endpoints" in names else None,
            ips=self._parts("ips") if "ips" in names else None,
            statuses=statuses,
        )

    def _parts(self, view: str) -> list[pl.LazyFrame]:
        return [scan([path]) for path in self._views.files(view)]

    def _write_endpoints(self, counts: GroupCounts) -> pl.LazyFrame:
        """Writes a row for each endpoint. Returns the exchanges (endpoint, status_code, n) by endpoint and status."""
        folder = self._spill / "statuses"
        folder.mkdir(mode=0o700)
        files = []
        for number, part in enumerate(counts.endpoints()):
            self._meter.tap()
            files.append(folder / f"{number:04d}.parquet")
            statuses = part.named("endpoint", part.statuses)
            statuses.sink_parquet(files[-1], compression="uncompressed", statistics=False, engine="streaming")
            self._views.write(endpoints_and_addresses.endpoints(part), "endpoints", f"{number:04d}")
        return scan(files)

    def _write_ips(self, counts: GroupCounts) -> pl.DataFrame:
        """Writes a row for each address. Returns a row (at, ip) for each window in which an address was suspicious."""
        suspicious = []
        window_us, limit = self._limits.window_us, self._limits.suspicious
        for number, part in enumerate(counts.ips()):
            self._meter.tap()
            found = endpoints_and_addresses.suspicious_in(part, limit).collect(engine="streaming")
            suspicious.append(copied(found))
            self._views.write(endpoints_and_addresses.ips(part, window_us, limit), "ips", f"{number:04d}")
        return pl.concat(suspicious)
