"""Hashes of lines: the same with kernels and without, and other for other lines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute.kernels import compiled
from logcorr.formats import line_hashes


def hashes(lines: list[bytes], monkeypatch: pytest.MonkeyPatch, *, kernels: bool) -> list[int]:
    ends = np.cumsum([len(line) for line in lines], dtype=np.int32)
    begins = np.concatenate([np.zeros(1, np.int32), ends[:-1]])
    with monkeypatch.context() as patch:
        if not kernels:
            patch.setattr(line_hashes, "compiled", None)
        return line_hashes.line_hashes(b"".join(lines), begins, ends).to_list()


@given(st.lists(st.binary(max_size=70), min_size=1, max_size=20, unique=True))
def test_the_same_with_kernels_and_without(lines: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        without = hashes(lines, patch, kernels=False)
        assert len(set(without)) == len(lines)
        if compiled is not None:
            assert hashes(lines, patch, kernels=True) == without


def test_a_line_has_one_hash_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *_, last = hashes([b"one line", b"x" * 1000, b"", b"one line"], monkeypatch, kernels=False)
    assert first == last
