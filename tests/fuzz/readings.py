"""Made-up profiles and logs for them: both executors and the plain oracle say the same of every line.

A piece is a profile with the lines of its log, in the files that they stand in.
"""

from datetime import date
from random import Random

from logcorr.formats.profile_reader import ReadOptions
from tests.fuzz.batch import Batch, Target
from tests.support.made_profiles import MadeLog, made_log
from tests.support.readings import KERNELS, ORACLE, careful, differences, engine_reading, oracle_reading, profile_of


def differences_of(log: MadeLog) -> list[str]:
    """Where the readings of a log differ."""
    profile = profile_of(log.table)
    options = ReadOptions(date=str(log.day) if log.day else None)
    by_kernels = engine_reading(profile, log.contents, options, chunk_bytes=log.chunk_bytes)
    with careful():
        defined = engine_reading(profile, log.contents, options)
    found = differences(by_kernels, defined, log.lines, KERNELS)
    return found + differences(defined, oracle_reading(log.table, log.contents, log.day), log.lines, ORACLE)


def make(chance: Random) -> Batch:
    """Ten profiles, each with a log of some dozen lines."""
    pieces = []
    for log in (made_log(chance, most=80) for _ in range(10)):
        files = [[line.decode("latin1") for line in lines] for lines in log.files]
        day = str(log.day) if log.day else None
        pieces.append([log.table, files, day, log.chunk_bytes, log.ending.decode()])
    return Batch(pieces)


def check(batch: Batch) -> list[str]:
    """The first differences of each piece."""
    found = []
    for table, files, day, chunk_bytes, ending in batch.pieces:
        lines = [[line.encode("latin1") for line in one] for one in files]
        log = MadeLog(table, lines, date.fromisoformat(day) if day else None, chunk_bytes, ending.encode())
        found += [f"{text} by {table}" for text in differences_of(log)[:3]]
    return found


def count(batch: Batch) -> int:
    """Lines; the reading of each is compared."""
    return sum(len(lines) for _, files, *_ in batch.pieces for lines in files)


TARGET = Target("readings", make, check, count)
