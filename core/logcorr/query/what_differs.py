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
from logcorr.query.over_represented import Contrast, contrasts
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder

VIEWS: tuple[View, ...] = ("exchanges", "slow", "errors", "skewed")
TOP = 50
_NAME = re.compile(r"[A-Za-z_]+")


class Differs(msgspec.Struct, frozen=True, kw_only=True):
    """How a selection of exchanges differs from all other exchanges: a contrast for each attribute and for the status.

    `inside` is the number of selected exchanges, `outside` the number of all other exchanges. Where the selection is by
    time, `lost` compares the requests of that time without a response with all other requests, by attribute.
    `lost_filter` is the filter that finds these requests among the orphans.
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
    """How the rows of a view of exchanges for which all terms hold differ from all other exchanges.

    Each contrast has at most `top` values. Reads the exchanges four times, and a few times more where there are very
    many values, so that memory stays bounded. Raises UsageError for a view that is not of exchanges, InputError where
    the run is damaged, and Cancelled once `cancel` is set.
    """
    if view not in VIEWS:
        raise UsageError(f"what differs is told of exchanges, not of {view!r}. Views: {', '.join(VIEWS)}.")

    def check() -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled("The comparison was cancelled.")

    exchanges = views.records(run, "exchanges")
    attributes = run.manifest.attributes
    records = views.records(run, view)
    conditions = [filter_language.expression(terms), *([] if records.chosen is None else [records.chosen])]
    chosen = msgspec.structs.replace(records, chosen=pl.all_horizontal(conditions))
    columns = [*attributes, "status_code"]
    lost_requests = _lost_requests(run, terms) if "orphans" in run.manifest.rows else None
    looks = len(columns) + (len(lost_requests.attributes) if lost_requests else 0)
    by_column = contrasts(chosen, [exchanges], columns, top, check, looks=looks)
    lost: list[Contrast] = []
    if lost_requests is not None:
        whole = [exchanges, lost_requests.all_lost]
        lost = contrasts(lost_requests.chosen, whole, lost_requests.attributes, top, check, looks=looks)
    return Differs(
        inside=by_column[0].inside,
        outside=by_column[0].outside,
        exchanges=by_column,
        lost=lost,
        lost_filter=lost_requests.filter if lost_requests else "",
    )


def selecting_columns(view: View, terms: Sequence[Term]) -> set[str]:
    """The columns by which exchanges were selected. Their values differ because of the selection itself.

    A column that is only compared by `!=` does not count: its other values can still differ.
    """
    columns = {column for term in terms if term.sign != "!=" for column in term.columns}
    return columns | ({"status_code"} if view == "errors" else set())


class _LostRequests(msgspec.Struct, frozen=True, kw_only=True):
    """The requests without a response: all, and those of the selected time, with the filter that finds these."""

    all_lost: views.Records
    chosen: views.Records
    attributes: list[str]
    filter: str


def _lost_requests(run: RunFolder, terms: Sequence[Term]) -> _LostRequests | None:
    """The requests without a response that the terms select; None where the selection is not by time.

    Orphans can only be selected by the terms on the time and the attributes of a request.
    """
    orphans = views.records(run, "orphans")
    schema = parquet_slices.scan(orphans.parts).collect_schema()
    attributes = [name for name in run.manifest.attributes if name in schema]
    of_time = ("request_time",)
    orphan_terms = [_of_orphans(term) for term in terms if term.columns == of_time or {*term.columns} <= {*attributes}]
    if not attributes or not any(term.columns == ("time",) for term in orphan_terms):
        return None
    is_request = pl.col("side") == "request"
    return _LostRequests(
        all_lost=msgspec.structs.replace(orphans, chosen=is_request),
        chosen=msgspec.structs.replace(orphans, chosen=is_request & filter_language.expression(orphan_terms)),
        attributes=attributes,
        filter=" ".join(["side=request", *(term.text for term in orphan_terms)]),
    )


def _of_orphans(term: Term) -> Term:
    """A term on the time or an attribute of a request, as a term on the columns of orphans."""
    if term.columns != ("request_time",):
        return term
    return msgspec.structs.replace(term, columns=("time",), text=_NAME.sub("time", term.text, count=1))
