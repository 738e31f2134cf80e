"""Equal keys of two sides, against plain Python: whatever comes once is found, whatever repeats is told."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute.hash_match import match

pytestmark = pytest.mark.usefixtures("way")

# Few values, and keys alike in most of their bits: slots are fought for.
KEYS = st.lists(st.one_of(st.integers(0, 40), st.integers(0, (1 << 64) - 1), st.integers(0, 8).map(lambda n: n << 60)))


def check(left: list[int], right: list[int]) -> None:
    found = match(np.array(left, np.uint64), np.array(right, np.uint64))
    pairs = [(left[a], right[b]) for a, b in zip(found.left, found.right, strict=True)]
    assert all(a == b for a, b in pairs)
    assert sorted(set(found.left)) == list(found.left), "each place once, in order"
    counts = Counter(left), Counter(right)
    both = counts[0].keys() & counts[1].keys()
    once = {key for key in both if counts[0][key] == counts[1][key] == 1}
    matched = Counter(key for key, _ in pairs)
    assert {key for key in matched if key in once} == once
    for size, places, alone in (
        (len(left), found.left, found.left_alone),
        (len(right), found.right, found.right_alone),
    ):
        assert sorted([*set(places), *alone]) == list(range(size))
        assert list(alone) == sorted(alone)
    repeated = set(found.repeated.tolist())
    assert repeated <= {key for count in counts for key, n in count.items() if n > 1}
    assert set(matched) <= once | repeated, "what is matched and comes again is told"


@given(KEYS, KEYS)
def test_equal_keys_are_found(left: list[int], right: list[int]) -> None:
    check(left, right)
    check(right, left)
    check(left, left[::-1])


def test_many_keys_are_found() -> None:
    chance = np.random.default_rng(7)
    keys = chance.integers(0, 1 << 64, 30_000, dtype=np.uint64)
    others = chance.integers(0, 1 << 64, 9_000, dtype=np.uint64)
    check(keys.tolist(), [*chance.permutation(keys[:20_000]).tolist(), *others.tolist(), *keys[:50].tolist()])
