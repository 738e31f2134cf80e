"""Spoilt lines of the catalogue's golden logs: both executors of each profile say the same of every line.

A piece is a line, in bytes; the options name the profile.
"""

from random import Random

from logcorr.formats import profile_checks
from logcorr.formats.profile_reader import ReadOptions
from logcorr.formats.profile_registry import Registry
from tests.fuzz.batch import Batch, Target
from tests.fuzz.mutate import mutated
from tests.oracle.golden_formats import GOLDEN, profiles
from tests.support.made_profiles import spoilt
from tests.support.profile_logs import golden
from tests.support.readings import KERNELS, careful, differences, engine_reading

_REGISTRY = Registry(())
_NAMES = tuple(name for name, table in profiles().items() if "refusal" not in table and table.get("time"))


def make(chance: Random) -> Batch:
    """Some hundred lines of one profile, some of them spoilt."""
    name = chance.choice(_NAMES)
    lines = (GOLDEN / f"{name}.log").read_bytes().rstrip(b"\n").split(b"\n")
    share = chance.choice((0.1, 0.5, 0.9))
    found = lines[:]
    for _ in range(300):
        line = chance.choice(lines)
        if chance.random() < share:
            line = chance.choice((spoilt, mutated))(line, chance, lines)
        found.append(line.replace(b"\n", b""))
    return Batch(
        [line.decode("latin1") for line in found], {"name": name, "chunk_bytes": chance.choice((1 << 20, 500))}
    )


def check(batch: Batch) -> list[str]:
    """Where the executors differ."""
    name, chunk_bytes = batch.options["name"], batch.options["chunk_bytes"]
    lines = [piece.encode("latin1") for piece in batch.pieces]
    profile = profile_checks.usable(_REGISTRY.get(name), wrapper_gives_time=True)
    day = golden(name)[1]
    options = ReadOptions(date=str(day) if day else None)
    content = b"\n".join([*lines, b""])
    by_kernels = engine_reading(profile, [content], options, chunk_bytes=chunk_bytes)
    with careful():
        defined = engine_reading(profile, [content], options)
    return [f"{name}: {text}" for text in differences(by_kernels, defined, lines, KERNELS)]


TARGET = Target("catalogue", make, check)
