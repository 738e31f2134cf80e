"""The first rows of a view in some order, long before all of it is sorted."""

import polars as pl


def first_rows(rows: pl.LazyFrame, some: pl.LazyFrame, column: str, count: int, *, descending: bool) -> pl.DataFrame:
    """The first `count` rows in order; fewer where the others have no value. `some` are part of the rows.

    The first keys of those give a bound, so that of all rows only few are ever held: a file of a run is a fair sample
    of it. Rows on the bound can be most of the view, so they only fill up what those within it leave.
    """
    key = pl.col(column)
    keys = some.select(key).filter(key.is_not_null())
    best = _best(keys, column, count, descending=descending).get_column(column)
    if best.len() < count:
        found = _best(rows.filter(key.is_not_null()), column, count, descending=descending)
        return _ordered(found, column, descending=descending) if found.height else rows.head(count).collect()
    bound = pl.lit(best.min() if descending else best.max(), best.dtype)
    within = rows.filter(key > bound if descending else key < bound)
    found = _best(within, column, count, descending=descending)
    if found.height < count:
        on_it = rows.filter(key == bound).head(count - found.height)
        found = pl.concat([found, on_it.collect(engine="streaming")])
    return _ordered(found, column, descending=descending)


def _best(rows: pl.LazyFrame, column: str, count: int, *, descending: bool) -> pl.DataFrame:
    found = rows.top_k(count, by=column) if descending else rows.bottom_k(count, by=column)
    return found.collect(engine="streaming")


def _ordered(rows: pl.DataFrame, column: str, *, descending: bool) -> pl.DataFrame:
    return rows.sort(column, descending=descending, maintain_order=True)
