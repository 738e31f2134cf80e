"""Patterns of profiles: what the machine of the kernels matches is what polars matches, or the machine is not sure.

A piece is a pattern with the lines that it is tried on.
"""

import re
from random import Random

from logcorr.compute.kernels import compiled
from logcorr.formats import patterns
from logcorr.model.errors import UsageError
from tests.fuzz.batch import Batch, Target
from tests.fuzz.mutate import mutated_text
from tests.oracle.golden_formats import GOLDEN, profiles
from tests.unit.formats.test_pattern_program import as_machine, as_polars

_PARTS = (
    *(
        r"\S+",
        r"\d+",
        r"[^\]]*",
        ".*?",
        ".*",
        r"\w+",
        r"\s*",
        r"[\d.]+",
        "(?:a|ab)",
        "x?",
        "(?:foo|fo)+",
        "[a-cé]",
        " ",
    ),
    *(r"(?P<a>\S*)", r"(?P<b>\d{1,3})", "(?P<c>[^ ]+?)", r"(?:(?P<d>\d+)|-)", "$", "^", r"\[", '"', "é", "-", r"\x08?"),
)
_TEXTS = ("a", "ab", "1", "12", " ", "-", "é", "[", "]", '"', "x", "foo", "fofoo", "\t", "\x08", "٣", "\u2003", "b c")


def _catalogue() -> list[tuple[str, list[str]]]:
    """The patterns of the catalogue, each with the lines of the golden log of its profile."""
    found = []
    for name, table in profiles().items():
        lines = (GOLDEN / f"{name}.log").read_text().splitlines()
        found += [(rule["match"], lines) for rule in table["rule"] if "match" in rule]
    return found


def make(chance: Random) -> Batch:
    """Patterns of the catalogue and made-up ones, many of them spoilt, with lines that nearly fit."""
    known = _catalogue()
    pieces = []
    for _ in range(60):
        if chance.random() < 0.5:
            pattern, lines = chance.choice(known)
        else:
            pattern = "".join(chance.choice(_PARTS) for _ in range(chance.randint(1, 8)))
            lines = ["".join(chance.choice(_TEXTS) for _ in range(chance.randint(0, 10))) for _ in range(10)]
        if chance.random() < 0.5:
            pattern = mutated_text(pattern, chance, list(_PARTS))
        tried = lines + [mutated_text(chance.choice(lines), chance, list(_TEXTS)) for _ in range(10) if lines]
        pieces.append([pattern, [re.sub("[\r\n]", "", line) for line in tried], chance.random() < 0.3])
    return Batch(pieces)


def check(batch: Batch) -> list[str]:
    """Where the machine is sure of another match than polars, or knows a pattern that polars refuses."""
    found = []
    for pattern, lines, anywhere in batch.pieces:
        try:
            names = patterns.groups(pattern)
        except UsageError:
            names = None
        if names is None or compiled is None or "whole" in names:
            continue
        read, expected = as_machine(pattern, lines, anywhere=anywhere), as_polars(pattern, lines, anywhere=anywhere)
        if read is None:
            continue
        if expected is None:
            found.append(f"{pattern!r}: only the machine takes it")
            continue
        named = [place for place, name in enumerate(names) if not name.isdecimal()]
        expected = [(*(row[place] for place in named), row[-1]) for row in expected]
        for line, one, other in zip(lines, read, expected, strict=True):
            if one is not None and one != other:
                found.append(f"{pattern!r} on {line!r}: machine {one}, polars {other}")
    return found


def count(batch: Batch) -> int:
    """Lines that patterns are tried on."""
    return sum(len(lines) for _, lines, _ in batch.pieces)


TARGET = Target("patterns", make, check, count)
