"""What fuzzing once found, and one fresh batch of each kind with a fixed seed; `make fuzz` goes on for longer."""

from random import Random

import pytest

from tests.fuzz.batch import CORPUS, Batch, Target, found_in, smaller
from tests.fuzz.targets import TARGETS

FOUND = sorted(path.relative_to(CORPUS).as_posix() for path in CORPUS.glob("*/*.json"))


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_once(name: str) -> None:
    target = TARGETS[name.partition("/")[0]]
    assert found_in(target, Batch.of_json((CORPUS / name).read_text(encoding="utf8"))) == []


@pytest.mark.parametrize("name", TARGETS)
def test_a_batch_of_each_kind(name: str) -> None:
    batch = TARGETS[name].make(Random(7))
    assert TARGETS[name].count(batch) > 100
    assert found_in(TARGETS[name], batch) == []
    assert Batch.of_json(batch.to_json()) == batch


def test_a_fault_is_made_small() -> None:
    def check(batch: Batch) -> list[str]:
        if 500 in batch.pieces:
            raise ValueError("crash")
        return ["both"] if {17, 900} <= set(batch.pieces) else []

    target = Target("numbers", lambda _chance: Batch([]), check)
    assert smaller(target, Batch(list(range(1000)))).pieces == [500]
    assert smaller(target, Batch([*range(501, 1000), 17])).pieces == [900, 17]
