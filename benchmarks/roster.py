"""Who runs in which work, with which words, and where its output is. Order here is the order in the tables."""

import importlib.util
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent / "contenders"
WORKS = {
    "full": "Full join with the orphans of both sides",
    "ndjson": "Matched exchanges to NDJSON",
    "access": "Access log by endpoint",
}


@dataclass(frozen=True)
class Job:
    """What a contender does for one work.

    `words` is the command; {requests}, {responses}, {log}, {out}, {spill} and {cores} are filled in. The output is
    {out}, whose file name ends in `ending`; `shape` says how to count it (see count.py).
    """

    words: tuple[str, ...]
    shape: str
    ending: str = ""


@dataclass(frozen=True)
class Contender:
    """One rival: what it needs to be installed, and the most rounds that it runs (None: as many as asked)."""

    name: str
    title: str
    jobs: Mapping[str, Job]
    modules: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    rounds: int | None = None

    def missing(self) -> list[str]:
        """What is not installed here that this contender needs."""
        absent = [name for name in self.modules if importlib.util.find_spec(name) is None]
        return absent + [name for name in self.commands if shutil.which(name) is None]


def _script(name: str, *words: str) -> tuple[str, ...]:
    runner = sys.executable if name.endswith(".py") else "bash"
    return (runner, str(HERE / name), *words)


def _joins(name: str, *more: str, full: str = "parquet") -> dict[str, Job]:
    """The jobs of a script that takes the work, both logs and the output first."""
    logs = ("{requests}", "{responses}", "{out}", *more)
    return {
        "full": Job(_script(name, "full", *logs), full, full),
        "ndjson": Job(_script(name, "ndjson", *logs), "ndjson", "ndjson"),
    }


def _logcorr(*more: str) -> dict[str, Job]:
    run = (sys.executable, "-m", "logcorr")
    logs = ("{requests}", "{responses}")
    return {
        "full": Job((*run, "correlate", *logs, "--store", "{out}", *more), "run"),
        "ndjson": Job((*run, "correlate", *logs, "-o", "{out}", "--no-store", *more), "ndjson", "ndjson"),
        "access": Job((*run, "analyze", "{log}", "--report", "{out}", "--no-store", *more), "report", "json"),
    }


def _duckdb(*limit: str) -> dict[str, Job]:
    return {**_joins("duckdb_join.py", "{spill}", "{cores}", *limit), "access": _endpoints("report", *limit)}


def _endpoints(what: str, *limit: str) -> Job:
    words = (what, "{log}", "{out}", "{spill}", "{cores}", *limit)
    return Job(_script("duckdb_access.py", *words), "endpoints", "json")


_TEXT_JOIN = _joins("sort_join.sh", "{spill}", "{cores}", full="csv")
ROSTER = (
    Contender("logcorr", "logcorr", _logcorr(), ("logcorr",)),
    Contender("logcorr-512MB", "logcorr --memory 512MB", _logcorr("--memory", "512MB"), ("logcorr",)),
    Contender("duckdb", "DuckDB", _duckdb(), ("duckdb",)),
    Contender("duckdb-512MB", "DuckDB, memory_limit 512MB", _duckdb("512MB"), ("duckdb",)),
    Contender(
        "duckdb-endpoints",
        "DuckDB, endpoints only",
        {"access": _endpoints("endpoints")},
        ("duckdb",),
    ),
    Contender("polars", "polars, one lazy join", _joins("polars_join.py"), ("polars",)),
    Contender("chdb", "chDB (ClickHouse)", _joins("chdb_join.py", "{cores}"), ("chdb",)),
    Contender("sort", "sort | join | awk", _TEXT_JOIN, (), ("sort", "join", "awk")),
    Contender("miller", "Miller join", _joins("miller.sh", full="csv"), (), ("mlr",), rounds=1),
    Contender("dictionary", "Python with a dictionary", _joins("dictionary.py", full="csv"), rounds=1),
    Contender(
        "goaccess",
        "GoAccess",
        {"access": Job(_script("goaccess.sh", "{log}", "{out}"), "goaccess", "json")},
        (),
        ("goaccess",),
        rounds=1,
    ),
)  # fmt: skip


def chosen(only: Iterable[str], roster: Iterable[Contender] = ROSTER) -> tuple[list[str], list[Contender]]:
    """The works and contenders that `only` names; all works, or all contenders, where it names none.

    Raises ValueError for a name that is neither.
    """
    names = list(only)
    roster = list(roster)
    known = {*WORKS, *(contender.name for contender in roster)}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"{unknown[0]} is neither a work nor a contender; there are {', '.join(sorted(known))}")
    works = [work for work in WORKS if work in names] or list(WORKS)
    return works, [one for one in roster if one.name in names] or roster
