"""Small faults put into bytes and texts, some of which are none; and what Hypothesis makes, by the hundred."""

from random import Random
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

_T = TypeVar("_T")
# What means something to a line, a timestamp, JSON or a terminal, and what only looks like it.
SPECIAL = (
    *(b",", b",", b" ", b"\t", b"\n", b"\r", b"\x00", b"-", b"+", b":", b".", b"T", b"Z", b"0", b"9", b"1", b"2"),
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b"/", b"?", b"e", b"E", b"\\u0041", b"\\ud800", b"null", b"=", b"~", b">"),
    *(b"\xff", b"\xc3", b"\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xc2\xa0", b"\xc2\x85", b"\xe2\x80\xa8"),
    *(b"\x0b", b"\x0c", b"\x1b[31m", b"\x1c", b"\x7f", b"\xd9\xa0", b"\xef\xbc\x91", b"\xe2\x88\x92", b"\xcc\x81"),
    *(b"id", b"request_id", b"NONE", b"200", b"-1", b"'", b"#", b"\xf0\x9f\x98\x80", b"i\xcc\x87", b"\xc4\xb1"),
)


def mutated(raw: bytes, chance: Random, others: list[bytes]) -> bytes:
    """The bytes with one to four faults: something put, changed, dropped, swapped, said twice, or cut off."""
    parts = [raw[at : at + 1] for at in range(len(raw))]
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        at = chance.randrange(len(parts) + 1)
        kind = chance.choice(("put", "put", "change", "change", "drop", "swap", "twice", "cut", "splice", "byte"))
        if kind == "put":
            parts.insert(at, chance.choice(SPECIAL))
        elif kind == "byte":
            parts.insert(at, bytes([chance.randrange(256)]))
        elif kind == "change" and at < len(parts):
            parts[at] = chance.choice(SPECIAL)
        elif kind == "drop":
            del parts[at : at + chance.randint(1, 3)]
        elif kind == "swap" and 0 < at < len(parts):
            parts[at - 1], parts[at] = parts[at], parts[at - 1]
        elif kind == "twice":
            parts[at:at] = parts[at : at + chance.randint(1, 8)]
        elif kind == "cut" and chance.random() < 0.2:
            del parts[at:]
        elif kind == "splice" and others and chance.random() < 0.3:
            other = chance.choice(others)
            parts[at:] = [other[chance.randrange(len(other) + 1) :]]
    return b"".join(parts)


def mutated_text(text: str, chance: Random, others: list[str]) -> str:
    """The same for text; what is no UTF-8 then is U+FFFD."""
    return mutated(text.encode("utf8", "replace"), chance, [other.encode() for other in others]).decode(
        "utf8", "replace"
    )


def drawn(strategy: st.SearchStrategy[_T], count: int, chance: Random) -> list[_T]:
    """So many examples of a strategy."""
    found: list[_T] = []

    @seed(chance.randrange(2**32))
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        derandomize=False,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(one: Any) -> None:
        found.append(one)

    collect()
    return found
