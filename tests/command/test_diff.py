"""`logcorr diff` on the command line: names of runs, conditions, exit codes, and what is told when it does not work."""

from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from logcorr.compute.object_path import local
from logcorr.runs.run_folder import RunFolder
from tests.support.diff_cases import Endpoint, User, access_run, made, pair_report, pair_run
from tests.support.helpers import logcorr


def command(folder: Path, *words: str, code: int) -> tuple[str, str]:
    outcome = logcorr("diff", *words, cwd=folder)
    assert outcome.code == code, outcome.err
    return outcome.out.decode(), outcome.err


def test_the_command(tmp_path: Path) -> None:
    for name, errors in (("aa", 10), ("ab", 400)):
        pair_run(tmp_path / "st" / name, [User("u", 1000, errors)])
    access_run(tmp_path / "st" / "cc", [Endpoint("/", 5, 1)])
    words = ("--store", "st", "aa", "ab")
    out, err = command(tmp_path, *words, code=0)
    assert ("error rate" in out, err) == (True, "")
    out, err = command(tmp_path, *words, "--json", "--fail-if", "error_rate>+10%", code=1)
    found: dict[str, Any] = msgspec.json.decode(out)
    assert (found["schema"], found["worse"][0]) == (1, "error_rate")
    assert "failed: error_rate>+10% (error_rate went from 1 % to 40 %)" in err
    command(tmp_path, *words, "--fail-if", "error_rate>+40%", code=0)
    command(tmp_path, "st/aa", "st/ab", "--top", "1", code=0)
    for wrong, said in (
        (("--store", "st", "aa", "cc"), "only runs of one kind"),
        (("--store", "st", "aa", "zz"), "no run has this name"),
        (("--store", "st", "aa", "a"), "2 runs start with this name"),
        (("--store", "st", "cc", "cc", "--fail-if", "orphan_rate>+1%"), "no orphan_rate in runs of kind 'access'"),
        ((*words, "--fail-if", "p99>10%"), "METRIC>+CHANGE"),
        ((*words, "--top", "0"), "--top must be more than 0"),
    ):
        out, err = command(tmp_path, *wrong, code=2)
        assert (out, said in err, len(err.splitlines())) == ("", True, 1), err


def test_what_cannot_be_judged_is_told(tmp_path: Path) -> None:
    nothing = msgspec.structs.replace(pair_report([]).latency, p99_ms=None)
    for name, more in (("aa", {}), ("ab", {"latency": nothing})):
        report = pair_report([User("u", 10, 1)], **more)
        made(tmp_path / "st" / name, report, "users", pl.read_parquet(rows_of(tmp_path, name)))
    out, err = command(tmp_path, "--store", "st", "aa", "ab", "--fail-if", "p99>+0%", code=0)
    assert "p99>+0% cannot be judged" in err
    assert "▼ gone" in out


def rows_of(folder: Path, name: str) -> Path:
    """The users of a run made for their sake alone."""
    run: RunFolder = pair_run(folder / "rows" / name, [User("u", 10, 1)])
    return local(run.view("users")[1])
