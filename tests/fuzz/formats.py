"""Whole runs of the command on logs of made-up profiles: every line is counted as the reader of lines counts it.

A piece is a profile with the lines of its log, in the files that they stand in.
"""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from logcorr.formats import profile_to_toml
from logcorr.formats.profile_reader import ReadOptions
from tests.fuzz import readings
from tests.fuzz.batch import Batch, Target
from tests.support.helpers import logcorr
from tests.support.made_profiles import MadeLog
from tests.support.readings import engine_reading, profile_of

_EVENTS = ("request", "response", "exchange")


def make(chance: Random) -> Batch:
    """Logs of some profiles, and how pairs are made."""
    batch = readings.make(chance)
    return Batch(batch.pieces[:4], {"pairing": chance.choice(("in-order", "nearest", "first", "last"))})


def check(batch: Batch) -> list[str]:
    """Where a run fails, or counts lines otherwise."""
    found = []
    for table, files, day, chunk_bytes, ending in batch.pieces:
        lines = [[line.encode("latin1") for line in one] for one in files]
        log = MadeLog(table, lines, date.fromisoformat(day) if day else None, chunk_bytes, ending.encode())
        with TemporaryDirectory(prefix="logcorr-") as folder:
            found += [f"{text} by {table}" for text in _faults(log, Path(folder), batch.options["pairing"])]
    return found


def _faults(log: MadeLog, folder: Path, pairing: str) -> list[str]:
    profile = profile_of(log.table)
    (folder / "made.toml").write_text(profile_to_toml.text(profile))
    names = []
    for number, content in enumerate(log.contents):
        (folder / f"{number}.log").write_bytes(content)
        names.append(f"{number}.log")
    words = ["correlate", *(word for name in names for word in ("--log", name)), "--pairing", pairing]
    words = words if profile.is_pair else ["analyze", *names]
    date_words = ("--date", str(log.day)) if log.day else ()
    options = ("--format", "made", "--formats", "made.toml", *date_words, "--no-store", "--report", "r.json")
    outcome = logcorr(*words, *options, cwd=folder, LOGCORR_CHUNK_BYTES=str(log.chunk_bytes))
    said = Counter(
        line[0] if isinstance(line, list) else line if line in ("other", "nothing") else "malformed"
        for line in engine_reading(profile, log.contents, ReadOptions(date=str(log.day) if log.day else None))
    )
    if not any(said[event] for event in _EVENTS):
        # A log of blank lines and headers is an empty one.
        right = 0 if set(said) <= {"nothing"} else 2
        return [] if outcome.code == right else [f"code {outcome.code} without entries: {outcome.err}"]
    if outcome.code:
        return [] if outcome.code == 2 and "one id is on" in outcome.err else [f"code {outcome.code}: {outcome.err}"]
    counts = json.loads((folder / "r.json").read_text())["inputs"]["log" if profile.is_pair else "access"]
    return _differences(counts, said)


def _differences(counts: dict[str, Any], said: Counter[str]) -> list[str]:
    told = {
        "other": counts["other"],
        "nothing": counts["blank"] + counts["header"],
        "malformed": sum(counts["malformed"].values()),
        **{event: counts.get(f"{event}s", 0) for event in _EVENTS},
    }
    return [f"{kind}: {count}, by lines {said[kind]}" for kind, count in told.items() if count != said[kind]]


TARGET = Target("formats", make, check, readings.count)
