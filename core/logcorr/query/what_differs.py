"""What differs: which users (or other attributes) and statuses are over-represented in a selection of exchanges."""

import re
import threading
from collections.abc import Sequence

import msgspec
import polars as pl

from logcorr.compute import parquet_slices
from logcorr.model.errors import Cancelled, UsageError
from logcorr.model.options import View
from logcorr.query import filter_language
from logcorr.query.filter_language import Term
from logcorr.query.over_represented import Check, Contrast, contrasts
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder

VIEWS: tuple[View, ...] = ("exchanges", "slow", "errors", "skewed")
TOP = 50
_NAME = re.compile(r"[A-Za-z_]+")


class Differs(msgspec.Struct, frozen=True, kw_only=True):
    """A selection of `inside` exchanges against the `outside` others: a contrast for each attribute and the status.

    Where the selection is one of time, `lost` contrasts the requests of that time that got no response with all other
    requests, by attribute, and `lost_filter` finds them among the orphans.
    """

    inside: int
    outside: int
    exchanges: list[Contrast]
    lost: list[Contrast]
    lost_filter: str

    @property
    def nothing(self) -> bool:
        """Whether no value stands out anywhere."""
        return not any(contrast.rows for contrast in (*self.exchanges, *self.lost))


def differs(
    run: RunFolder, view: View, terms: Sequence[Term], cancel: threading.Event | None = None, top: int = TOP
) -> Differs:
    """What stands out in the rows of a view of exchanges for which all terms hold, against all other exchanges.

    Reads the exchanges three times, a few times more where there are very many values, which takes no more memory.
    Raises UsageError for another view, and Cancelled once `cancel` is set.
    """
    if view not in VIEWS:
        raise UsageError(f"what differs is told of exchanges, not of {view!r}. Views: {', '.join(VIEWS)}.")

    def check() -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled("The comparison was cancelled.")

    exchanges = views.records(run, "exchanges")
    attributes = run.manifest.attributes
    found = views.records(run, view)
    wanted = [filter_language.expression(terms), *([] if found.chosen is None else [found.chosen])]
    chosen = msgspec.structs.replace(found, chosen=pl.all_horizontal(wanted))
    told = contrasts(chosen, [exchanges], [*attributes, "status_code"], top, check)
    lost, lost_filter = _lost(run, terms, exchanges, top, check) if "orphans" in run.manifest.rows else ([], "")
    return Differs(inside=told[0].inside, outside=told[0].outside, exchanges=told, lost=lost, lost_filter=lost_filter)


def given(view: View, terms: Sequence[Term]) -> set[str]:
    """The columns that define a selection: contrasted with all others, their values would only tell how it was made.

    What is merely excluded by `!=` leaves the other values to be told apart.
    """
    columns = {column for term in terms if term.sign != "!=" for column in term.columns}
    return columns | ({"status_code"} if view == "errors" else set())


def _lost(
    run: RunFolder, terms: Sequence[Term], exchanges: views.Records, top: int, check: Check
) -> tuple[list[Contrast], str]:
    """Requests without a response against all other requests, and the filter that finds them among the orphans.

    Of the terms those on the request's time and attributes hold for them too; without one on time there are none.
    """
    orphans = views.records(run, "orphans")
    schema = parquet_slices.scan(orphans.parts).collect_schema()
    attributes = [name for name in run.manifest.attributes if name in schema]
    kept = [_of_orphans(term) for term in terms if term.columns[0] in ("request_time", *attributes)]
    if not attributes or not any(term.columns == ("time",) for term in kept):
        return [], ""
    asked = pl.col("side") == "request"
    requests = msgspec.structs.replace(orphans, chosen=asked)
    chosen = msgspec.structs.replace(orphans, chosen=asked & filter_language.expression(kept))
    found = contrasts(chosen, [exchanges, requests], attributes, top, check)
    return found, " ".join(["side=request", *(term.text for term in kept)])


def _of_orphans(term: Term) -> Term:
    """A term on a request's time or attribute, as orphans are filtered by it."""
    if term.columns != ("request_time",):
        return term
    return msgspec.structs.replace(term, columns=("time",), text=_NAME.sub("time", term.text, count=1))
