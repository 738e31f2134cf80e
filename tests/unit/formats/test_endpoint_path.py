"""Endpoints by groups that the user names, against plain Python."""

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.formats.endpoint_path import collapsed, endpoint_groups, grouped, pattern_of
from logcorr.model.errors import UsageError

WORDS = ("^/users/[^/]+$=/users/:id", "/v=1=one", "^/health=health")
PATHS = ["/users/7", "/users/7/orders", "/v=1/x", "/healthz", "/users/", "/a/123", "", None]


def plain(path: str | None, words: list[str], *, collapse_ids: bool) -> str | None:
    if path is None:
        return None
    for word in words:
        pattern, _, name = word.rpartition("=")
        if re.search(pattern, path):
            return name
    return re.sub(r"(?<=/)[0-9]+(?=/|$)", "*", path) if collapse_ids else path


@given(st.lists(st.sampled_from(WORDS)), st.booleans())
def test_the_first_group_that_fits_names_an_endpoint(words: list[str], collapse_ids: bool) -> None:
    paths = pl.DataFrame({"path": PATHS})
    names = grouped(pl.col("path"), endpoint_groups(words), collapse_ids=collapse_ids)
    expected = [plain(path, words, collapse_ids=collapse_ids) for path in PATHS]
    assert paths.select(names.alias("name"))["name"].to_list() == expected


def test_without_groups_ids_are_collapsed_as_before() -> None:
    paths = pl.DataFrame({"path": PATHS})
    asked = grouped(pl.col("path"), (), collapse_ids=True), collapsed(pl.col("path"))
    assert paths.select(one=asked[0])["one"].equals(paths.select(one=asked[1])["one"], null_equal=True)


@pytest.mark.parametrize("word", ["", "=", "/a", "/a=", "=b", "(=b", "(?<=x)y=b"])
def test_what_is_no_group(word: str) -> None:
    with pytest.raises(UsageError, match="--collapse "):
        endpoint_groups([word])


_SEGMENTS = st.sampled_from(
    ["", "a", "users", "42", "7", "*", "deadbeef", "deadbee1", "1deadbee", "abcdefg1", "12345678", "a.b", "abc1",
     "0b6a3f1e-0b6a-4f1e-8f1e-0b6a3f1e0b6a", "0b6a3f1e-0b6a-4f1e-8f1e-0b6a3f1e0b6", "ffffffffff", "fffffffff0", "(x)"]
)  # fmt: skip


@given(st.lists(st.lists(_SEGMENTS, min_size=1, max_size=4).map("/".join), min_size=1, max_size=8), st.data())
def test_the_pattern_of_a_collapsed_path_is_found_in_exactly_its_paths(paths: list[str], data: st.DataObject) -> None:
    frame = pl.DataFrame({"path": paths}).with_columns(name=collapsed(pl.col("path")))
    name = data.draw(st.sampled_from(frame["name"].to_list()))
    pattern = pattern_of(name)
    found = frame.filter(pl.col("path").str.contains(pattern))["path"].to_list()
    assert found == frame.filter(pl.col("name") == name)["path"].to_list()
