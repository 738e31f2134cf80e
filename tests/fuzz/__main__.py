"""`python -m tests.fuzz [--minutes N] [--seed S] [TARGET ...]`, or `replay FILE`: all targets in turn until time is up.

A seed makes the same batches again, in the same order. Exit code 1 where anything was found.
"""

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.fuzz.batch import Batch, Target, found_in, keep, smaller
from tests.fuzz.targets import TARGETS

_SHOWN = 5


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    words.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)}; or replay FILE")
    words.add_argument("--minutes", type=float, default=3.0)
    words.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    given = words.parse_args()
    os.environ["LOGCORR_DEBUG"] = "1"
    if given.targets[:1] == ["replay"]:
        return _replay(Path(given.targets[1]))
    unknown = set(given.targets) - TARGETS.keys()
    if unknown:
        words.error(f"no target {unknown.pop()!r}")
    return _fuzz([TARGETS[name] for name in given.targets or TARGETS], given.minutes * 60, given.seed)


def _fuzz(targets: list[Target], seconds: float, seed: int) -> int:
    print(f"fuzzing {', '.join(target.name for target in targets)} for {seconds / 60:g} min, seed {seed}", flush=True)
    cases, batches, took, faults = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        # Each has as much time as the others.
        target = min(targets, key=lambda one: (took[one.name], one.name))
        began = time.monotonic()
        batch = target.make(Random(f"{seed}-{target.name}-{batches[target.name]}"))
        found = found_in(target, batch)
        cases[target.name] += target.count(batch)
        batches[target.name] += 1
        number += 1
        if found:
            faults[target.name] += 1
            _tell(target, batch)
        took[target.name] += time.monotonic() - began  # type: ignore[assignment] # seconds, not counts
    for target in targets:
        name = target.name
        print(f"{name:10} {cases[name]:>9,} cases in {batches[name]:>6,} batches, {faults[name]} batches with faults")
    print(f"{'together':10} {cases.total():>9,} cases; seed {seed}")
    return 1 if faults else 0


def _tell(target: Target, batch: Batch) -> None:
    small = smaller(target, batch)
    path = keep(target, small)
    print(f"FAULT in {target.name}, kept in {path}; again: python -m tests.fuzz replay {path}")
    for line in found_in(target, small)[:_SHOWN]:
        print(f"    {line[:600]}")
    sys.stdout.flush()


def _replay(path: Path) -> int:
    found = found_in(TARGETS[path.parent.name], Batch.of_json(path.read_text(encoding="utf8")))
    print("\n".join(found) or "no fault")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
