"""A number for each line that is the same for equal lines: it breaks ties, and tells redelivered lines apart."""

import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute.kernels import compiled

_WORD = 8
_FACTOR = 0x9E3779B97F4A7C15
Places = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]


def line_hashes(text: bytes, begin: Places, end: Places) -> pl.Series:
    """A hash (UInt32) of each line of a text, the same with kernels and without: ties are broken by it."""
    if compiled is None:
        return pl.Series(_hashes(text, begin, end), dtype=pl.UInt32)
    hashes = np.empty(begin.size, np.uint32)
    compiled.line_hashes(text, begin, end, hashes)
    return pl.Series(hashes)


def _hashes(text: bytes, begin: Places, end: Places) -> Words:
    """What kernels/line_hashes.c computes: all lines at once, eight bytes after eight."""
    padded = text + bytes(_WORD)
    # A word begins at each byte: the words overlap.
    words = np.ndarray((len(text) + 1,), "<u8", padded, strides=(1,))
    sizes = (end - begin).astype(np.uint64)
    states, left = sizes.copy(), np.flatnonzero(sizes >= _WORD)
    done = 0
    while left.size:
        states[left] = _mixed(states[left], words[begin[left] + done])
        done += _WORD
        left = left[sizes[left] >= done + _WORD]
    rest = sizes % _WORD
    last = words[end - rest.astype(np.int32)] & ((np.uint64(1) << rest * np.uint64(8)) - np.uint64(1))
    return _mixed(_mixed(states, last), np.uint64(_FACTOR)) >> np.uint64(32)


def _mixed(states: Words, words: Words | np.uint64) -> Words:
    product = (states ^ words) * np.uint64(_FACTOR)
    return product ^ product >> np.uint64(29)
