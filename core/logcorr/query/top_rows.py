"""The first rows of a view in some order, long before all of it is sorted."""

import polars as pl

# So many equal rows stay in the order in which they are stored, as they do in the full sort.
_MANY_EQUALS = 300_000


def top_rows(rows: pl.LazyFrame, some: pl.LazyFrame, column: str, count: int, *, descending: bool) -> pl.DataFrame:
    """The first `count` rows in the order of a column, equals by the last column; fewer where other rows have no value.

    `some` are part of the rows, and a fair sample: the first keys of the sample give a bound, so that few of all rows
    are ever held. Rows on the bound can be most of the view. They only fill up the room that rows within it leave.
    """
    key = pl.col(column)
    keys = some.select(key).filter(key.is_not_null())
    bounds = (keys.top_k if descending else keys.bottom_k)(count, by=column).collect(engine="streaming")
    if bounds.height < count:
        found = _best(rows.filter(key.is_not_null()), column, count, descending=descending)
        return _ordered(found, column, descending=descending) if found.height else rows.head(count).collect()
    bound = pl.lit(bounds[column].min() if descending else bounds[column].max(), bounds[column].dtype)
    found = rows.filter(key >= bound if descending else key <= bound).head(_MANY_EQUALS).collect(engine="streaming")
    if found.height < _MANY_EQUALS:
        return _ordered(found, column, descending=descending).head(count)
    within = rows.filter(key > bound if descending else key < bound)
    found = _best(within, column, count, descending=descending)
    if found.height < count:
        on_it = rows.filter(key == bound).head(_MANY_EQUALS).collect(engine="streaming")
        if on_it.height < _MANY_EQUALS:
            on_it = on_it.sort(on_it.columns[-1])
        found = pl.concat([found, on_it.head(count - found.height)])
    return _ordered(found, column, descending=descending)


def _best(rows: pl.LazyFrame, column: str, count: int, *, descending: bool) -> pl.DataFrame:
    last = pl.col(rows.collect_schema().names()[-1])
    # The engine takes null last here; in the order of equal rows it comes first.
    by = [pl.col(column), last.is_not_null(), last]
    return rows.top_k(count, by=by, reverse=[not descending, True, True]).collect(engine="streaming")


def _ordered(rows: pl.DataFrame, column: str, *, descending: bool) -> pl.DataFrame:
    return rows.sort(column, rows.columns[-1], descending=[descending, False], maintain_order=True)
