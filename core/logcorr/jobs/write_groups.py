"""Writes the views of exchanges by attribute: a row for each endpoint, each address and each window.

Both kinds of jobs write them, from the exchanges that they have written. Memory stays bounded with any number of rows.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute import group_in_parts
from logcorr.compute.parquet_slices import slices
from logcorr.compute.zero_copy_text import copied
from logcorr.figures import endpoints_and_addresses
from logcorr.figures.attribute_counts import AttributeCounts
from logcorr.figures.group_figures import GroupData
from logcorr.figures.sums import Sums
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.jobs.write_views import ViewWriter

# Slices of exchanges that are counted at once.
SLICE_ROWS = 250_000
_BASE_BYTES = 330 << 20
_LEAST_ROOM_BYTES = 100 << 20
# Bytes of memory that a row takes while rows are grouped, where every row has its own endpoint and address.
_ENDPOINT_BYTES = 250
_IP_BYTES = 400
_BYTES_PER_TEXT_BYTE = 4
# The views by the attribute that they are of. There are windows where any of these attributes is.
_VIEW_OF = {"endpoint": "endpoints", "ip": "ips"}


class GroupLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The width of a window in µs, with how many requests in it an address is not suspicious yet, the memory budget."""

    window_us: int
    suspicious: int
    memory_bytes: int


def group_views(attributes: Sequence[str]) -> tuple[str, ...]:
    """The views that exchanges with these attributes have: some of endpoints, ips and windows."""
    views = [view for name, view in _VIEW_OF.items() if name in attributes]
    return (*views, "windows") if views else ()


def count_attributes(
    views: ViewWriter, attributes: Sequence[str], spill: Path, meter: ProgressMeter
) -> AttributeCounts:
    """Counts all exchanges by attribute, in one pass over the view. Spills below the folder `spill`."""
    counts = AttributeCounts(attributes, spill)
    for exchanges in slices(views.files("exchanges"), SLICE_ROWS):
        meter.tap()
        counts.add(pl.collect_all(counts.queries(exchanges), engine="streaming"))
    return counts


class GroupWriter:
    """Writes the views of endpoints, addresses and windows, and gives what their figures are made of.

    The writer `views` must have made the folders of `group_views`. Spilled rows are below the folder `spill`.
    """

    def __init__(self, views: ViewWriter, spill: Path, meter: ProgressMeter, limits: GroupLimits) -> None:
        self._views, self._spill, self._meter, self._limits = views, spill, meter, limits

    def write(
        self,
        attributes: Sequence[str],
        sums: Sums,
        counts: AttributeCounts,
        orphans_by_window: pl.DataFrame | None = None,
    ) -> GroupData:
        """Writes the views that exchanges with these attributes have.

        `orphans_by_window` has (at, side, n); it is None where there are no orphans in the kind of log.
        """
        names = group_views(attributes)
        if "endpoints" in names:
            self._write_endpoints()
        suspicious = self._write_ips() if "ips" in names else pl.DataFrame(schema={"at": pl.Int64, "ip": pl.String})
        windows = endpoints_and_addresses.windows(
            sums.windows.merged(), suspicious, self._limits.window_us, orphans_by_window
        )
        if "windows" in names:
            self._views.write(endpoints_and_addresses.worst_first(windows).lazy(), "windows", "0000")
        return GroupData(
            attributes=counts,
            windows=windows,
            window_us=self._limits.window_us,
            suspicious=suspicious,
            endpoints=self._views.scan("endpoints") if "endpoints" in names else None,
            ips=self._views.scan("ips") if "ips" in names else None,
            exchanges=self._views.scan("exchanges"),
        )

    def _write_endpoints(self) -> None:
        """Writes a row for each endpoint."""
        exchanges = self._views.scan("exchanges").select("endpoint", "duration_us", "status_code")
        for number, part in enumerate(self._partitions(exchanges, "endpoint", _ENDPOINT_BYTES)):
            self._meter.tap()
            self._views.write(endpoints_and_addresses.endpoints(part), "endpoints", f"{number:04d}")

    def _write_ips(self) -> pl.DataFrame:
        """Writes a row for each address. Returns a row (at, ip) for each window in which an address was suspicious."""
        exchanges = self._views.scan("exchanges").select("ip", "request_time", "status_code")
        suspicious = []
        window_us, limit = self._limits.window_us, self._limits.suspicious
        for number, part in enumerate(self._partitions(exchanges, "ip", _IP_BYTES)):
            self._meter.tap()
            counts = endpoints_and_addresses.ip_windows(part, window_us).collect(engine="streaming")
            suspicious.append(copied(endpoints_and_addresses.suspicious_in(counts, limit)))
            self._views.write(endpoints_and_addresses.ips(counts.lazy(), window_us, limit), "ips", f"{number:04d}")
        return pl.concat(suspicious)

    def _partitions(self, exchanges: pl.LazyFrame, key: str, row_bytes: int) -> Iterator[pl.LazyFrame]:
        """The exchanges in partitions by the hash of a key. Each partition can be grouped within the memory budget."""
        needed = group_in_parts.bytes_needed(
            exchanges.select(key), key, each=row_bytes, text_factor=_BYTES_PER_TEXT_BYTE, by_key=False
        )
        room = max(_LEAST_ROOM_BYTES, self._limits.memory_bytes - _BASE_BYTES)
        count = group_in_parts.partitions_needed(needed, room)
        for (rows,) in group_in_parts.partitioned([exchanges], key, count, self._spill / key):
            yield rows
