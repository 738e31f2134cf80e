"""What differs among orphans: which users (or other attributes) are over-represented in selected lost requests."""

import threading
from collections.abc import Sequence

import msgspec
import polars as pl

from logcorr.compute import parquet_slices
from logcorr.model.errors import Cancelled
from logcorr.query import filter_language
from logcorr.query.filter_language import Term
from logcorr.query.over_represented import contrasts
from logcorr.query.what_differs import TOP, Differs
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder


def differing_orphans(
    run: RunFolder, terms: Sequence[Term], cancel: threading.Event | None = None, top: int = TOP
) -> Differs:
    """How the requests among the orphans for which all terms hold differ from all other requests, by attribute.

    `inside` and `outside` count requests, and `lost` has the contrasts; there are none of exchanges. Raises InputError
    where the run is damaged, and Cancelled once `cancel` is set.
    """

    def check() -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled("The comparison was cancelled.")

    exchanges, orphans = views.records(run, "exchanges"), views.records(run, "orphans")
    schema = parquet_slices.scan(orphans.parts).collect_schema()
    attributes = [name for name in run.manifest.attributes if name in schema]
    is_request = pl.col("side") == "request"
    requests = msgspec.structs.replace(orphans, chosen=is_request)
    selected = is_request & filter_language.expression(terms)
    chosen = msgspec.structs.replace(orphans, chosen=selected)
    by_column = contrasts(chosen, [exchanges, requests], attributes, top, check) if attributes else []
    inside = chosen.height
    return Differs(
        inside=inside,
        outside=exchanges.height + requests.height - inside,
        exchanges=[],
        lost=by_column,
        lost_filter=" ".join(["side=request", *(term.text for term in terms if term.columns != ("side",))]),
    )
