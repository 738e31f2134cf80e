"""The words that name an engine, and what is said where it is not there."""

import sys
from importlib import import_module
from typing import Any

import pytest

from logcorr.cluster.engines.base import in_words, open_engine
from logcorr.model.errors import UsageError


@pytest.mark.parametrize(
    ("word", "package"), [("dask:tcp://x", "distributed"), ("ray", "ray"), ("spark://x", "pyspark")]
)
def test_a_package_that_is_not_installed_is_told(word: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = word.partition(":")[0]
    monkeypatch.delitem(sys.modules, f"logcorr.cluster.engines.{kind}", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError) as caught:
        open_engine(word)
    says = f"engine {kind!r}: the package {package} is not here. pip install 'logcorr[{kind}]' on every machine."
    assert str(caught.value) == says


@pytest.mark.parametrize("word", ["slurm", "", "Dask:tcp://x", "dask+tcp://x"])
def test_an_unknown_engine_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match=r"there is no engine .* Give one of dask, ray, spark, exec, "):
        open_engine(word)


def test_both_spellings_give_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter: Any = import_module("logcorr.cluster.engines.dask")
    given = list[str]()
    monkeypatch.setattr(adapter, "start", given.append)
    for word in ("dask", "dask:tls://scheduler", "dask://scheduler"):
        open_engine(word)
    assert given == ["", "tls://scheduler", "//scheduler"]


def test_an_error_of_an_engine_becomes_one_line() -> None:
    assert in_words(KeyError("a\nb")) == "KeyError: 'a\\nb'"
    assert in_words(OSError("\n\n  first \nsecond")) == "OSError: first"
    assert in_words(ValueError()) == "ValueError: it said nothing"
    assert len(in_words(ValueError("x" * 1000))) < 320
