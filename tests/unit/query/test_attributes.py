"""Questions to correlations whose exchanges have attributes, given durations or no status."""

from pathlib import Path

import polars as pl
import pytest

from logcorr.model.errors import UsageError
from logcorr.query import filter_language, table_columns, what_differs
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from tests.support.attribute_runs import Lost, Pair, made

PAIRS = [
    *(Pair(at, 5, 200, "ann", 4, endpoint="/a", ip="10.0.0.1", tenant="blue") for at in range(60)),
    *(Pair(at, 5, 500, "bob", 9_000, endpoint="/b", ip="10.0.0.2", tenant="green") for at in range(40)),
    *(Pair(at, 5, None, "bob", None, endpoint="/b", ip=None, tenant=None) for at in range(20)),
]
LOST = [Lost("request", 5, "ann", "/a"), *(Lost("request", 90_000_000 + at, "bob", "/b") for at in range(30))]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return made(tmp_path_factory.mktemp("run"), PAIRS, LOST)


def fitting(run: RunFolder, text: str) -> int:
    """How many exchanges a filter leaves."""
    rows = views.scan(run, "exchanges")
    terms = filter_language.parse(text, rows.collect_schema())
    return rows.filter(filter_language.expression(terms)).collect().height


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("status=none", 20), ("status!=none", 100), ('status=""', 20), ("status_code=none", 20), ("status!=500", 80),
        ("status>=400", 40), ("status=none tenant=green", 0), ("endpoint=/b", 60), ("tenant=blue", 60),
        ("tenant!=blue", 60), ('tenant=""', 20), ("ip~10.0", 100), ("given>5ms", 40), ("given<=4us", 60), ('given=""', 20),
    ],
)  # fmt: skip
def test_filters(text: str, rows: int, run: RunFolder) -> None:
    assert fitting(run, text) == rows


def test_none_goes_with_two_signs_only(run: RunFolder) -> None:
    schema = views.scan(run, "exchanges").collect_schema()
    with pytest.raises(UsageError, match="none does not go with >"):
        filter_language.parse("status>none", schema)
    with pytest.raises(UsageError, match=r"'nine' cannot be read\. Write a whole number, a class such as 5xx, or none"):
        filter_language.parse("status=nine", schema)
    with pytest.raises(UsageError, match=r"'none' cannot be read\. Write a duration"):
        filter_language.parse("duration=none", schema)
    assert filter_language.equal("status_code", None, schema) == "status=none"
    assert filter_language.equal("tenant", None, schema) == 'tenant=""'
    assert "status=none" in filter_language.complete("status=n", 8, schema)


def test_columns_of_attributes(run: RunFolder) -> None:
    columns = table_columns.columns_of(views.scan(run, "exchanges").collect_schema())
    names = [column.name for column in columns]
    assert names[:4] == ["request_time", "request_id", "user_id", "endpoint"]
    kinds = {column.name: (column.title, column.kind) for column in columns}
    assert kinds["given_us"] == ("given", "duration")
    assert kinds["tenant"] == ("tenant", "text")


def test_what_differs_goes_by_all_attributes(run: RunFolder) -> None:
    found = what_differs.differs(run, "errors", [])
    by_column = {contrast.column: contrast for contrast in found.exchanges}
    assert list(by_column) == ["user_id", "endpoint", "method", "ip", "user_agent", "tenant", "status_code"]
    assert [row.value for row in by_column["endpoint"].rows] == ["/b"]
    assert {row.value for row in by_column["status_code"].rows} == {500, None}
    assert by_column["tenant"].rows[0].value == "green"


def test_lost_requests_differ_by_the_attributes_that_orphans_have(run: RunFolder) -> None:
    schema = views.scan(run, "exchanges").collect_schema()
    found = what_differs.differs(run, "exchanges", filter_language.parse("time>=2025-11-21T12:01:00Z", schema))
    assert [contrast.column for contrast in found.lost] == ["user_id", "endpoint"]
    assert found.lost_filter == "side=request time>=2025-11-21T12:01:00Z"


def test_views_are_stored_with_their_order(run: RunFolder, tmp_path: Path) -> None:
    del tmp_path
    assert views.scan(run, "endpoints").collect().height == 2
    assert views.scan(run, "windows").collect()["orphans"].sum() == len(LOST)
    assert views.scan(run, "ips").select(pl.col("requests").sum()).collect().item() == 100
