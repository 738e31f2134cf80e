"""The views of exchanges by attribute, a part of each by itself: endpoints and addresses; and what a report tells.

All exchanges of an endpoint or address are in one part, so each part is written by one step. The driver puts together
what the report tells of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from logcorr.cluster.steps import Step
from logcorr.cluster.sum_bytes import add_groups
from logcorr.compute.group_in_parts import top
from logcorr.compute.memory_budget import room_for_data
from logcorr.compute.parquet_slices import height_of, scan
from logcorr.compute.struct_bytes import to_bytes
from logcorr.figures import endpoints_and_addresses
from logcorr.figures.group_counts import GroupCounts, GroupPart, top_of
from logcorr.figures.group_figures import EndpointRows, GroupData, endpoints_to_tell, ips_to_tell, totals_of
from logcorr.figures.sums import TOP, Sums
from logcorr.jobs.write_groups import GroupLimits, group_views
from logcorr.jobs.write_views import ViewWriter
from logcorr.model.ledger import added

# The attributes of which a report has the most frequent values.
_TOPS = {"method": "methods", "user_agent": "user_agents"}
_VIEWS = ("endpoints", "ips")
# What the note of a step calls the file with `GroupsOfPart`.
GROUPS = "groups"
# One in so many bytes of the room for data may be counts by attribute.
_GROUPS_SHARE = 3


class GroupsOfPart(msgspec.Struct, frozen=True, kw_only=True):
    """What a report may tell of the endpoints, addresses and other values of one part.

    `suspicious` has (at, ip). `tops` has the rows of `top_of` by attribute. `totals` are as in `GroupData`.
    """

    endpoints: list[EndpointRows]
    ips: list[pl.DataFrame]
    suspicious: list[pl.DataFrame]
    tops: dict[str, pl.DataFrame]
    totals: dict[str, int]


class StepViews(ViewWriter):
    """The views that a step writes, on the disk of its worker, until their parts are put into the store."""

    compression = "lz4"

    def __init__(self, step: Step, views: Sequence[str]) -> None:
        folder = step.scratch / "run"
        folder.mkdir(mode=0o700)
        super().__init__(folder, views)
        self._step = step

    def put(self) -> dict[str, list[int]]:
        """Puts the parts of all views into the run. Returns how many rows the parts of each view have."""
        return {view: self.put_view(view) for view in self._views}

    def put_view(self, view: str, *, final: bool = True) -> list[int]:
        """Puts the parts of a view that have rows into the run; into work files where they are not `final`.

        Returns how many rows each has.
        """
        heights = []
        for number, path in enumerate(self.files(view)):
            if height := height_of([path]):
                work_name = self._step.work_name(view, f"-{number:04d}.parquet")
                self._step.put_file(view, self._step.part_name(view, number) if final else work_name, path)
                heights.append(height)
            path.unlink()
        return heights


def put_groups(
    step: Step, frames: Iterable[pl.DataFrame], attributes: Sequence[str], limits: GroupLimits
) -> dict[str, Any]:
    """Merges the counts of a part, and writes them to the views of exchanges with these attributes.

    Writes what a report tells of them too. `frames` are what `parted_groups` gave of this part, of all steps that have
    counted; the number of the part is that of the step. Returns the facts: the rows of the parts of each view.
    """
    room = room_for_data(step.plan.sizes.memory_bytes) // _GROUPS_SHARE
    own = step.index, step.plan.sizes.parts
    counts = GroupCounts(attributes, limits.window_us, room, step.scratch / "merged", own)
    add_groups(counts, frames)
    views = StepViews(step, [view for view in group_views(attributes) if view != "windows"])
    found = GroupsOfPart(
        endpoints=list(_endpoints(views, counts.endpoints())) if "endpoint" in attributes else [],
        ips=[],
        suspicious=[],
        tops={},
        totals={},
    )
    for name, listed in _TOPS.items():
        if name in attributes:
            found.tops[name], found.totals[listed] = counts.top(name)
    for number, part in enumerate(counts.ips() if "ip" in attributes else ()):
        found.suspicious.append(endpoints_and_addresses.suspicious_in(part, limits.suspicious).collect())
        rows = endpoints_and_addresses.ips(part, limits.window_us, limits.suspicious)
        found.ips.append(ips_to_tell(_written(views, rows, "ips", number)))
    written = {view: [scan([path]) for path in views.files(view)] for view in group_views(attributes) if view in _VIEWS}
    found.totals.update(totals_of(written.get("endpoints"), written.get("ips")))
    step.put(GROUPS, to_bytes(found))
    return {"rows": views.put()}


def joined(
    parts: Sequence[GroupsOfPart],
    sums: Sums,
    missing: Mapping[str, int],
    limits: GroupLimits,
    orphans_by_window: pl.DataFrame | None = None,
) -> GroupData:
    """What the figures of groups are made of. `orphans_by_window` is as for `GroupWriter.write`.

    The rows of the view of windows are `endpoints_and_addresses.worst_first` of its windows.
    """
    nobody = pl.DataFrame(schema={"at": pl.Int64, "ip": pl.String})
    suspicious = pl.concat([nobody, *(rows for part in parts for rows in part.suspicious)])
    endpoints = [rows for part in parts for rows in part.endpoints]
    ips = [rows.lazy() for part in parts for rows in part.ips]
    tops = {name: _top_of_all(name, [part.tops[name] for part in parts if name in part.tops]) for name in _TOPS}
    return GroupData(
        missing=missing,
        totals=added(*(part.totals for part in parts)),
        methods=tops["method"],
        user_agents=tops["user_agent"],
        windows=endpoints_and_addresses.windows(sums.windows, suspicious, limits.window_us, orphans_by_window),
        window_us=limits.window_us,
        suspicious=suspicious,
        endpoints=[rows.endpoints.lazy() for rows in endpoints] or None,
        ips=ips or None,
        statuses=pl.concat([rows.statuses.lazy() for rows in endpoints]) if endpoints else pl.LazyFrame(),
    )


def _endpoints(views: ViewWriter, parts: Iterator[GroupPart]) -> Iterator[EndpointRows]:
    for number, part in enumerate(parts):
        rows = _written(views, endpoints_and_addresses.endpoints(part), "endpoints", number)
        yield endpoints_to_tell(rows, part.named("endpoint", part.statuses))


def _written(views: ViewWriter, rows: pl.LazyFrame, view: str, number: int) -> pl.LazyFrame:
    """The rows of a part of a view, once they are written."""
    views.write(rows, view, f"{number:04d}")
    return scan([views.files(view)[-1]])


def _top_of_all(name: str, tops: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return top([rows.lazy() for rows in tops], "requests", name, TOP) if tops else top_of(name, ())[0]
