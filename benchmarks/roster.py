"""Who runs in which work, with which words, and where its output is. Order here is the order in the tables."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from benchmarks.data import CORE

HERE = Path(__file__).parent / "contenders"
WORKS = {
    "full": "Full join with the orphans of both sides",
    "ndjson": "Matched exchanges to NDJSON",
    "gz": "Full join of logs in gzip",
    "json": "Full join of logs of JSON lines",
    "onelog": "Full join of one log with both events",
    "access": "Access log by endpoint",
    "combined": "Access log in the combined form by endpoint",
    "alb": "Access log of a load balancer (ALB) by endpoint",
}
_JOINS = ("full", "ndjson", "gz", "json", "onelog")
# Access logs, and the name that scripts know the form of their lines by.
_FORMS = {"access": "ndjson", "combined": "combined", "alb": "alb"}
_FIELDS = ("--fields", "time=time id=request_id user=user_id status=status_code")


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
    """One rival: what it needs to be installed, and the most rounds that it runs (None: as many as asked).

    `options` are options that the command of logcorr must have, `variables` are variables of its environment.
    """

    name: str
    title: str
    jobs: Mapping[str, Job]
    modules: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    rounds: int | None = None
    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def missing(self, work: str) -> list[str]:
        """What is not here that this contender needs for a work: modules, commands, options."""
        absent = [name for name in self.modules if importlib.util.find_spec(name) is None]
        absent += [name for name in self.commands if shutil.which(name) is None]
        return absent + [name for name in self.options if not absent and name not in _help(self.jobs[work].words[3])]


@cache
def _help(command: str) -> tuple[str, ...]:
    """The words of the help of a command of logcorr."""
    words = [sys.executable, "-m", "logcorr", command, "--help"]
    environment = {**os.environ, "PYTHONPATH": str(CORE)}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    return tuple(done.stdout.split())


def _script(name: str, *words: str) -> tuple[str, ...]:
    runner = sys.executable if name.endswith(".py") else "bash"
    return (runner, str(HERE / name), *words)


def _joins(name: str, *more: str, works: Iterable[str] = _JOINS, shape: str = "parquet") -> dict[str, Job]:
    """The jobs of a script that takes the work, both logs and the output first."""
    jobs = {}
    for work in works:
        logs = ("{log}", "{log}") if work == "onelog" else ("{requests}", "{responses}")
        kind = "ndjson" if work == "ndjson" else shape
        # Scripts know logs in gzip by their names.
        words = _script(name, "full" if work == "gz" else work, *logs, "{out}", *more)
        jobs[work] = Job(words, kind, kind)
    return jobs


def _reports(name: str, *words: str, shape: str = "endpoints", more: tuple[str, ...] = ()) -> dict[str, Job]:
    """The jobs of a script that takes the form of an access log, the log and the output."""
    return {
        work: Job(_script(name, *words, form, "{log}", "{out}", *more), shape, "json") for work, form in _FORMS.items()
    }


def _logcorr(*more: str) -> dict[str, Job]:
    run = (sys.executable, "-m", "logcorr")
    pair, one = ("correlate", "{requests}", "{responses}"), ("correlate", "{log}")
    joins = {"full": pair, "gz": pair, "json": (*pair, *_FIELDS), "onelog": one}
    report = Job((*run, "analyze", "{log}", "--report", "{out}", "--no-store", *more), "report", "json")
    jobs = {work: Job((*run, *words, "--store", "{out}", *more), "run") for work, words in joins.items()}
    jobs["ndjson"] = Job((*run, *pair, "-o", "{out}", "--no-store", *more), "ndjson", "ndjson")
    return {**jobs, **dict.fromkeys(_FORMS, report)}


def _duckdb(*limit: str) -> dict[str, Job]:
    scratch = ("{spill}", "{cores}", *limit)
    return {**_joins("duckdb_join.py", *scratch), **_reports("duckdb_access.py", "report", more=scratch)}


_ENDPOINTS = _reports("duckdb_access.py", "endpoints", more=("{spill}", "{cores}"))
_BLANKS = Job(
    _script("duckdb_access.py", "report", "blanks", "{log}", "{out}", "{spill}", "{cores}"), "endpoints", "json"
)
_PLAIN_TEXT = ("full", "ndjson", "gz")
_FLOOR = Job(_script("count_lines.sh", "{requests}", "{responses}", "{out}"), "lines", "txt")
_NO_KERNELS = {"LOGCORR_KERNELS": "off"}
ROSTER = (
    Contender("logcorr", "logcorr", _logcorr(), ("logcorr",)),
    Contender("logcorr-512MB", "logcorr --memory 512MB", _logcorr("--memory", "512MB"), ("logcorr",)),
    *(
        Contender(
            f"logcorr-{name}", f"logcorr --threads {n}", _logcorr("--threads", n), ("logcorr",), options=("--threads",)
        )
        for n, name in (("1", "1-thread"), ("2", "2-threads"))
    ),
    Contender(
        "logcorr-no-kernels", "logcorr without its kernels", _logcorr(), ("logcorr",), variables=_NO_KERNELS,
    ),
    Contender("duckdb", "DuckDB", _duckdb(), ("duckdb",)),
    Contender("duckdb-512MB", "DuckDB, memory_limit 512MB", _duckdb("512MB"), ("duckdb",)),
    Contender("duckdb-blanks", "DuckDB, as CSV with blanks", {"combined": _BLANKS}, ("duckdb",)),
    Contender("duckdb-endpoints", "DuckDB, endpoints only", _ENDPOINTS, ("duckdb",)),
    Contender("polars", "polars, one lazy join", _joins("polars_join.py"), ("polars",)),
    Contender("chdb", "chDB (ClickHouse)", _joins("chdb_join.py", "{cores}"), ("chdb",)),
    Contender(
        "sort",
        "sort | join | awk",
        _joins("sort_join.sh", "{spill}", "{cores}", works=_PLAIN_TEXT, shape="csv"),
        (),
        ("sort", "join", "awk", "zcat"),
    ),
    Contender(
        "miller",
        "Miller join",
        _joins("miller.sh", works=(*_PLAIN_TEXT, "json"), shape="csv"),
        (),
        ("mlr",),
        rounds=1,
    ),
    Contender("dictionary", "Python with a dictionary", _joins("dictionary.py", shape="csv"), rounds=1),
    Contender("zcat", "zcat | wc -l, lines only", {"gz": _FLOOR}, (), ("zcat", "wc")),
    Contender("lnav", "lnav, SQL without its screen", _reports("lnav.sh"), (), ("lnav",), rounds=1),
    Contender("goaccess", "GoAccess", _reports("goaccess.sh", shape="goaccess"), (), ("goaccess",), rounds=1),
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
