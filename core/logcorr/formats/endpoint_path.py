"""The endpoint of a request: its path without query string, and with a star for each id."""

import polars as pl

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ID_SEGMENT = rf"^(?:[0-9]+|[0-9a-fA-F]*[0-9][0-9a-fA-F]*|{_UUID})$"
_LEAST_HEX = 8
_WITH_HOST = r"^(?i:https?|wss?)://[^/?#]*/?"


def path(target: pl.Expr) -> pl.Expr:
    """The path of a request target: the target without its query; null if nothing is left."""
    held = pl.when(target != "-").then(target)
    before = held.str.splitn("?", 2).struct.field("field_0")
    return pl.when(before != "").then(before)


def paths(targets: pl.Series) -> pl.Series:
    """The paths of request targets: see `path`. Scheme and host of a target go: a proxy writes them."""
    whole = targets.str.contains(_WITH_HOST)
    if whole.any():
        without_host = targets.str.replace(_WITH_HOST, "/").str.replace("^//", "/")
        targets = targets.zip_with(~whole.fill_null(value=False), without_host)
    return targets.to_frame("text").select(path(pl.col("text"))).to_series()


def collapsed(path: pl.Expr) -> pl.Expr:
    """Paths with `*` for each segment that is an id: digits, a UUID, or eight or more hex digits with a digit 0-9."""
    segment = pl.element()
    is_id = segment.str.contains(_ID_SEGMENT) & (
        segment.str.contains("^[0-9]+$") | (segment.str.len_bytes() >= _LEAST_HEX)
    )
    return path.str.split("/").list.eval(pl.when(is_id).then(pl.lit("*")).otherwise(segment)).list.join("/")
