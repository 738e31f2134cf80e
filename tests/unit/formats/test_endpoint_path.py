"""Endpoints by groups that the user names, against plain Python."""

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.formats.endpoint_path import collapsed, endpoint_groups, grouped
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
