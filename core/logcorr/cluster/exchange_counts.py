"""What a step counts of the exchanges of a bucket: the sums of the report, and counts by user and by attribute.

Counts by a text may be many. They are put into parts by a hash of the text, so that each part is merged by one step.
"""

from typing import Any

import polars as pl

from logcorr.cluster.blobs import BlobWriter
from logcorr.cluster.pair_plan import PairPlan
from logcorr.cluster.steps import Step
from logcorr.cluster.sum_bytes import parted_groups, parted_rows
from logcorr.compute import memory_budget
from logcorr.compute.group_in_parts import PartialCounts
from logcorr.compute.struct_bytes import to_bytes
from logcorr.figures.grid import Grid
from logcorr.figures.group_counts import GroupCounts
from logcorr.figures.pair_sums import PairSums
from logcorr.model.status import is_failure

USERS = pl.Schema({"user_id": pl.String, "requests": pl.Int64, "errors": pl.Int64, "orphans": pl.Int64})
_GROUPS_SHARE = 4


class ExchangeCounts:
    """Takes the exchanges of a bucket, as pairing returns them, and puts what it counted into the store."""

    def __init__(self, step: Step, own: PairPlan, grid: Grid) -> None:
        self._step, self._parts = step, step.plan.sizes.parts
        self._sums = PairSums(grid, 0, step.plan.sizes.most_counts)
        self._users = PartialCounts(["user_id"], USERS.to_frame())
        self._groups: GroupCounts | None = None
        if own.rules.columns.attributes:
            room = memory_budget.room_for_data(step.plan.sizes.memory_bytes) // _GROUPS_SHARE
            self._groups = GroupCounts(own.rules.columns.attributes, own.window_us, room, step.scratch / "groups")

    def add(self, exchanges: pl.DataFrame) -> None:
        """Counts exchanges."""
        self._sums.add(exchanges)
        failures = is_failure(pl.col("status_code")).sum().cast(pl.Int64)
        self._users.add(_by_user(exchanges, errors=failures, orphans=pl.lit(0, pl.Int64)))
        if self._groups is not None:
            with self._groups.counting():
                self._groups.add(exchanges, self._groups.codes_of(exchanges))

    def put(self, orphans: pl.DataFrame) -> dict[str, Any]:
        """Puts all counts into the store, with those of orphans. Returns the facts of them."""
        requests = orphans.filter(pl.col("side") == "request")
        self._users.add(_by_user(requests, errors=pl.lit(0, pl.Int64), orphans=pl.len().cast(pl.Int64)))
        writer = BlobWriter(2 * self._parts, "zstd")
        for number, rows in parted_rows(self._users.merged(), "user_id", self._parts):
            writer.add(number, rows)
        missing: dict[str, int] = {}
        if self._groups is not None:
            missing = self._groups.missing
            for number, rows in parted_groups(self._groups, self._parts):
                writer.add(self._parts + number, rows)
        name = self._step.work_name("counts", ".blob")
        size, offsets = writer.put(self._step.store, name, self._step.scratch / "counts")
        self._step.note("counts", name, size)
        self._step.put("sums", to_bytes(self._sums.partial()))
        return {"counted": offsets.tobytes(), "missing": missing}


def _by_user(rows: pl.DataFrame, *, errors: pl.Expr, orphans: pl.Expr) -> pl.DataFrame:
    requests = pl.len().cast(pl.Int64)
    counted = rows.group_by("user_id").agg(requests.alias("requests"), errors.alias("errors"), orphans.alias("orphans"))
    return counted.cast(dict.fromkeys(("requests", "errors", "orphans"), pl.Int64))
