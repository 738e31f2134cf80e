"""Repeatable random bits: they depend on a seed and a number only.

The random numbers and hashes of polars are not used: the same options must give the same bytes on every machine and
with every version of polars.
"""

import polars as pl

_WORD = (1 << 64) - 1


def word(value: int) -> pl.Expr:
    """A 64-bit unsigned literal."""
    return pl.lit(value, dtype=pl.UInt64)


def bits(column: str, offset: int, width: int) -> pl.Expr:
    """`width` bits of a UInt64 column, from bit `offset` on, as Int64."""
    return ((pl.col(column) // word(1 << offset)) & word((1 << width) - 1)).cast(pl.Int64)


def threshold(share: float) -> int:
    """How many of the 32-bit values stand for a share from 0 to 1."""
    return round(min(1.0, max(0.0, share)) * (1 << 32))


def mixed(value: pl.Expr) -> pl.Expr:
    """64 well-mixed bits for every 64-bit integer (splitmix64). Unlike the hash of polars, it never changes."""
    value = value * word(0x9E3779B97F4A7C15)
    value = (value ^ (value // word(1 << 30))) * word(0xBF58476D1CE4E5B9)
    value = (value ^ (value // word(1 << 27))) * word(0x94D049BB133111EB)
    return value ^ (value // word(1 << 31))


def mixed_number(value: int) -> int:
    """`mixed` for a Python integer."""
    value = (value * 0x9E3779B97F4A7C15) & _WORD
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _WORD
    return value ^ (value >> 31)


def keys(seed: int, streams: int) -> list[int]:
    """The start value of each of up to eight independent streams of random bits."""
    return [mixed_number(seed * 8 + stream) for stream in range(streams)]
