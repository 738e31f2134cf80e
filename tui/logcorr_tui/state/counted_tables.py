"""The tables of counted exchanges that a run can have beside its views, by its attributes: bytes, referrers, 404, …"""

from collections.abc import Collection

from logcorr.query.count_by import REFERRERS, SIZES
from logcorr_tui.state.row_query import Counting

# What exchanges are counted by, with the name of the table.
_BY = {"user_agent": "User agents", "method": "Methods", **dict.fromkeys(REFERRERS, "Referrers")}


def counted_tables(attributes: Collection[str]) -> dict[str, Counting]:
    """The tables by their names, for a run whose exchanges have these attributes."""
    tables: dict[str, Counting] = {}
    if "endpoint" in attributes:
        tables["Not found (404), by endpoint"] = Counting("exchanges", "endpoint", "status=404", "not found (404)")
    for name in (name for name in SIZES if name in attributes):
        for column, noun in (("endpoint", "endpoint"), ("ip", "address")):
            if column in attributes:
                tables[f"{name.replace('_', ' ').capitalize()} by {noun}"] = Counting("exchanges", column, sort=name)
    for column, title in _BY.items():
        if column in attributes:
            tables[title] = Counting("exchanges", column)
    return tables
