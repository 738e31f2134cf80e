"""`logcorr.scan`: the entries of any log as a lazy frame, whichever columns and rows a query asks for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import logcorr
from logcorr.model.errors import InputError, UsageError
from logcorr.model.options import Reading

START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PROFILE = """
[shop]
syntax = "json"
time = { field = "at", form = "rfc3339" }
id = "rid"
[[shop.rule]]
event = "request"
where = { ev = "begin" }
endpoint = "url"
attributes = { shop = "shop" }
[[shop.rule]]
event = "response"
where = { ev = "end" }
status = "code"
duration = { field = "took", unit = "ms" }
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log in two files, with a line that is neither a request nor a response."""
    lines = [
        f'{{"at":"{START:%FT%TZ}","rid":"a","ev":"begin","url":"/cart?x=1","shop":"north"}}',
        "ready",
        f'{{"at":"{START + timedelta(seconds=1):%FT%TZ}","rid":"a","ev":"end","code":200,"took":998.5}}',
    ]
    (tmp_path / "1.log").write_text("\n".join(lines) + "\n")
    (tmp_path / "2.log").write_text(lines[0].replace('"a"', '"b"') + "\n")
    (tmp_path / "shop.toml").write_text(PROFILE)
    return tmp_path


def scanned(log: Path) -> pl.LazyFrame:
    names = [log / "1.log", log / "2.log"]
    return logcorr.scan(names, "shop", reading=Reading(files=(str(log / "shop.toml"),)))


def test_entries_of_both_events(log: Path) -> None:
    rows = scanned(log).collect().sort("request_id", "time")
    assert rows.schema == scanned(log).collect_schema()
    assert rows["kind"].to_list() == ["request", "response", "request"]
    assert rows["time"].to_list() == [START, START + timedelta(seconds=1), START]
    assert rows["status_code"].to_list() == [None, 200, None]
    assert rows["given_us"].to_list() == [None, 998_500, None]
    assert rows["endpoint"].to_list() == ["/cart", None, "/cart"]
    assert rows["shop"].to_list() == ["north", None, "north"]
    assert [(Path(file).name, line) for file, line in rows.select("file", "line").iter_rows()] == [
        ("1.log", 1),
        ("1.log", 3),
        ("2.log", 1),
    ]


def test_columns_rows_and_heads_that_are_asked_for(log: Path) -> None:
    requests = scanned(log).filter(pl.col("kind") == "request").select("request_id")
    assert sorted(requests.collect().to_series().to_list()) == ["a", "b"]
    assert scanned(log).head(1).collect().height == 1
    assert scanned(log).select(pl.len()).collect().item() == 3
    counts = scanned(log).group_by("kind").len().collect(engine="streaming")
    assert dict(counts.iter_rows()) == {"request": 2, "response": 1}


def test_the_lines_tell_the_format(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text('192.0.2.7 - - [04/Mar/2026:05:06:07 +0000] "GET /x HTTP/1.1" 200 5 "-" "curl"\n')
    rows = logcorr.scan(tmp_path / "a.log").collect()
    assert rows.select("kind", "ip", "endpoint", "status_code").row(0) == ("exchange", "192.0.2.7", "/x", 200)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("nothing that is known\n")
    with pytest.raises(InputError, match="no line is of a known format"):
        logcorr.scan(tmp_path / "a.log")
    with pytest.raises(UsageError, match="there is no format"):
        logcorr.scan(tmp_path / "a.log", "no-such-format")
    with pytest.raises(InputError, match=r"missing\.log"):
        logcorr.scan(tmp_path / "missing.log")
