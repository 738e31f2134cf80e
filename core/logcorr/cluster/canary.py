"""Whether this process puts ids where all others put them: hashes of known texts, and the versions behind them."""

import hashlib
import platform
import sys
from functools import lru_cache

import numpy as np
import polars as pl

from logcorr import __version__
from logcorr.compute.group_in_parts import partition_of
from logcorr.model.errors import EngineError
from logcorr.pairing.buckets import bucket_of
from logcorr.pairing.join_steps import hashed

# Of many lengths, as polars keeps short texts elsewhere; with and without characters of several bytes.
_TEXTS = ["", "a", "req-abc", "0" * 11, "0" * 12, "0" * 13, "ß", "Ä" * 9, "x" * 40, "\u20ac" * 100, "req-4cea938e4c20"]
_BUCKETS = 1 << 15
# A run can be made by workers of other versions of the rest.
MUST_AGREE = ("logcorr", "polars")


@lru_cache(maxsize=1)
def canary() -> str:
    """A digest of the buckets, the keys and the parts of known texts."""
    rows = pl.DataFrame({"request_id": _TEXTS}).select(
        bucket_of(_BUCKETS).alias("bucket"), hashed(), partition_of("request_id", _BUCKETS).alias("part")
    )
    return hashlib.blake2b(repr(rows.rows()).encode(), digest_size=8).hexdigest()


def versions() -> dict[str, str]:
    """The versions of this process, by what they are of."""
    return {
        "logcorr": __version__,
        "polars": pl.__version__,
        "numpy": np.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "machine": platform.machine(),
    }


def agrees(expected: str, there: dict[str, str]) -> bool:
    """Whether this process can take part in a run of this canary and these versions."""
    here = versions()
    return canary() == expected and all(here[name] == there[name] for name in MUST_AGREE)


def check(expected: str, there: dict[str, str]) -> None:
    """Raises EngineError, which names this worker, where it cannot take part in a run."""
    if agrees(expected, there):
        return
    here = versions()
    differ = [
        f"{name} {here[name]} here, {there[name]} where the run was started"
        for name in MUST_AGREE
        if here[name] != there[name]
    ]
    told = "; ".join(differ) or f"its hashes differ, though the versions agree (on {platform.machine()})"
    raise EngineError(
        f"worker {platform.node()} would part the ids otherwise than the others: {told}. "
        "Install the same logcorr and polars on every machine."
    )
