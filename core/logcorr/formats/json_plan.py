"""Key paths of JSON → the plan by which the kernel finds them: a graph from object to value.

A path is keys joined by dots, and a key may hold dots itself. So a node stands for a set of places in paths, and an
edge for every text of keys that can lead on from there. Of edges of one path only one may be in an object: which of
them counts is for the careful reading to tell.
"""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

_BY_KEY, _BY_INDEX, _BY_STAR = range(3)
_NOWHERE = -1
_MOST_EDGES, MOST_SLOTS = 64, 64

# A slot and how many parts of its path lie behind.
_Place = tuple[int, int]
_Places = frozenset[_Place]


class JsonPlan(msgspec.Struct, frozen=True):
    """The arrays of core/kernels/cut_json.c: nodes (n, 3), edges (n, 7), the keys of edges, the slots of edges."""

    nodes: npt.NDArray[np.int64]
    edges: npt.NDArray[np.int64]
    keys: bytes
    slots: npt.NDArray[np.int32]


class _Edge(msgspec.Struct):
    """`number` is an index of an array; `origins` are the places that the edge leads on from."""

    kind: int
    key: bytes = b""
    number: int = 0
    origins: set[_Place] = msgspec.field(default_factory=set)
    targets: set[_Place] = msgspec.field(default_factory=set)


def json_plan(paths: Sequence[str]) -> JsonPlan:
    """The plan of some paths; the slot of a path is its number. Raises ValueError for more paths than there is room."""
    if len(paths) > MOST_SLOTS:
        raise ValueError(f"the kernel reads at most {MOST_SLOTS} paths, not {len(paths)}")
    parts = [path.split(".") for path in paths]
    numbers: dict[_Places, int] = {frozenset((slot, 0) for slot in range(len(paths))): 0}
    nodes, edges = list[tuple[int, ...]](), list[tuple[int, ...]]()
    keys, slots = bytearray(), list[int]()
    for places in _growing(numbers):
        leads = _edges(parts, places)
        if len(leads) > _MOST_EDGES:
            raise ValueError(f"the kernel reads at most {_MOST_EDGES} keys of one object, not {len(leads)}")
        nodes.append((len(edges), len(leads), _is_strange(parts, places)))
        for edge in leads:
            values = sorted(slot for slot, place in edge.targets if place == len(parts[slot]))
            rest = frozenset((slot, place) for slot, place in edge.targets if place < len(parts[slot]))
            child = numbers.setdefault(rest, len(numbers)) if rest else _NOWHERE
            number = len(keys) if edge.kind == _BY_KEY else edge.number
            edges.append((edge.kind, number, len(edge.key), child, len(slots), len(values), _rivals(edge, leads)))
            keys += edge.key
            slots += values
    return JsonPlan(
        np.array(nodes, np.int64).reshape(-1, 3),
        np.array(edges, np.int64).reshape(-1, 7),
        bytes(keys),
        np.array(slots, np.int32),
    )


def _growing(numbers: dict[_Places, int]) -> Iterator[_Places]:
    """The places of all nodes by their numbers, also of those that are added on the way."""
    at = 0
    while at < len(numbers):
        yield list(numbers)[at]
        at += 1


def _edges(parts: list[list[str]], places: _Places) -> list[_Edge]:
    """The edges of a node: by keys, then to single elements of an array, then to all others."""
    by_key: dict[str, _Edge] = {}
    by_index: dict[int, _Edge] = {}
    star = _Edge(_BY_STAR)
    for slot, place in sorted(places):
        for end in range(place + 1, len(parts[slot]) + 1):
            key = ".".join(parts[slot][place:end])
            edge = by_key.setdefault(key, _Edge(_BY_KEY, key.encode()))
            edge.origins.add((slot, place))
            edge.targets.add((slot, end))
        part = parts[slot][place]
        if _is_index(part):
            by_index.setdefault(int(part), _Edge(_BY_INDEX, number=int(part))).targets.add((slot, place + 1))
        elif part == "*":
            star.targets.add((slot, place + 1))
    for edge in by_index.values():
        edge.targets |= star.targets
    return [*by_key.values(), *by_index.values(), *([star] if star.targets else [])]


def _is_index(part: str) -> bool:
    return part.isascii() and part.isdigit() and str(int(part)) == part and len(part) < 10


def _is_strange(parts: list[list[str]], places: _Places) -> bool:
    """Whether a place may be an index that is no plain number."""
    return any(part.isdigit() and not _is_index(part) for part in (parts[slot][place] for slot, place in places))


def _rivals(edge: _Edge, leads: list[_Edge]) -> int:
    """A bit for each edge of a node that must not be in the same object: of the same place, so also itself."""
    bits = sum(1 << number for number, other in enumerate(leads) if edge.origins & other.origins)
    return bits - (bits >> 63 << 64)
