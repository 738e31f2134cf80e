"""Kernels have room for some paths only: a profile with more is executed without them, and reads the same."""

import polars as pl
import pytest

from logcorr.formats import profile_toml
from logcorr.formats.profile_kernel import executes
from logcorr.formats.profile_reader import ProfileReader


@pytest.mark.parametrize("syntax", ["json", "logfmt", "csv"])
def test_more_paths_than_the_kernels_hold(syntax: str) -> None:
    attributes = ", ".join(f'a{number} = "k{number}"' for number in range(80))
    toml = f"""[p]
syntax = "{syntax}"
time = {{ field = "t", form = "epoch_s" }}
attributes = {{ {attributes} }}
[[p.rule]]
event = "exchange"
status = "s"
"""
    profile = profile_toml.read(toml, "p.toml")["p"]
    assert not executes(profile)
    texts = {
        "json": ['{"t":1,"s":200,"k79":"z"}'],
        "logfmt": ["t=1 s=200 k79=z"],
        "csv": ["t,s,k79", "1,200,z"],
    }[syntax]
    lines = pl.DataFrame({"line": texts, "row": range(len(texts))}, schema={"line": pl.String, "row": pl.UInt32})
    row = ProfileReader(profile).classify(lines).row(-1, named=True)
    assert (row["kind"], row["status_code"]) == ("exchange", 200)


@pytest.mark.parametrize("path", [".".join("a" * 70), ".".join(f"key{k}" for k in range(65))])
def test_a_path_with_more_steps_than_the_kernels_hold(path: str) -> None:
    toml = f"""[p]
syntax = "json"
time = {{ field = "t", form = "epoch_s" }}
endpoint = "{path}"
[[p.rule]]
event = "exchange"
status = "s"
"""
    assert not executes(profile_toml.read(toml, "p.toml")["p"])
