"""Which lines of a log are requests, which are responses, and by which id they belong together: found by counting.

A record is a line as a mapping from paths to texts. Lines of one id that begin with one word and end with another, over
and over, are pairs.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec

Record = Mapping[str, str]

_MOST_KINDS = 40
_LEAST_PAIRS = 3
# Shares of the requests that have a response, and of the lines with an id that are part of a pair.
_LEAST_ANSWERED, _LEAST_LINES = 0.6, 0.4
# A word that closes exchanges which are closed already is no response of its own.
_MOST_OVERLAP = 0.1


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    """Requests and responses: lines whose text at `kind` is `request`, or one of `responses`, joined by `id`.

    `pairs` are requests with exactly one response, `requests` all requests, `repeated` requests whose id came before.
    `doubles` are rows of second responses to one request.
    """

    id: tuple[str, ...]
    kind: str
    request: str
    responses: tuple[str, ...]
    pairs: int
    requests: int
    repeated: int
    doubles: tuple[int, ...]

    @property
    def score(self) -> float:
        """How well this explains the log: pairs, fewer where ids come again or requests are answered twice."""
        distinct = 1 - self.repeated / max(self.requests, 1)
        return self.pairs * (0.2 + 0.8 * distinct) - 0.5 * len(self.doubles)


def find_pairs(
    records: Sequence[Record], ids: Sequence[str], kinds: Sequence[str], scopes: Sequence[str]
) -> Pairs | None:
    """The best explanation of a log by pairs, or None. `ids` are paths that may be ids, `kinds` are paths of words.

    `scopes` are paths of processes, threads or hosts, within which an id may be unique.
    """
    best: Pairs | None = None
    for path in ids:
        for kind in kinds:
            found = _pairs(records, (path,), kind) if kind != path else None
            if found is not None and (best is None or found.score > best.score):
                best = found
    if best is None or not best.repeated:
        return best
    for scope in scopes:
        if scope in (*best.id, best.kind):
            continue
        narrower = _pairs(records, (scope, *best.id), best.kind)
        if narrower is not None and narrower.repeated < best.repeated and narrower.pairs >= best.pairs:
            best = narrower
    return best


def _pairs(records: Sequence[Record], id_paths: tuple[str, ...], kind: str) -> Pairs | None:
    """Requests and responses by one id and one path of words; None where lines do not go together by it."""
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, record in enumerate(records):
        if kind in record and all(path in record for path in id_paths):
            groups[tuple(record[path] for path in id_paths)].append(row)
    starts = Counter(records[rows[0]][kind] for rows in groups.values() if len(rows) > 1)
    if not starts:
        return None
    request = starts.most_common(1)[0][0]
    segments = [segment for rows in groups.values() for segment in _segments(records, rows, kind, request)]
    responses = _responses([[records[row][kind] for row in segment] for segment in segments])
    closing = [[row for row in segment if records[row][kind] in responses] for segment in segments]
    answered, lines = sum(1 for rows in closing if rows), sum(map(len, groups.values()))
    if answered < max(_LEAST_PAIRS, _LEAST_ANSWERED * len(segments)) or 2 * answered < _LEAST_LINES * lines:
        return None
    with_request = sum(1 for rows in groups.values() if any(records[row][kind] == request for row in rows))
    return Pairs(
        id=id_paths,
        kind=kind,
        request=request,
        responses=tuple(responses),
        pairs=answered,
        requests=len(segments),
        repeated=len(segments) - with_request,
        doubles=tuple(row for rows in closing for row in rows[1:]),
    )


def _segments(records: Sequence[Record], rows: Sequence[int], kind: str, request: str) -> list[list[int]]:
    """The rows that follow each request of an id, up to the next request of it."""
    segments: list[list[int]] = []
    for row in rows:
        if records[row][kind] == request:
            segments.append([])
        elif segments:
            segments[-1].append(row)
    return segments


def _responses(segments: Sequence[Sequence[str]]) -> list[str]:
    """The words that close exchanges: the most usual last one, and others that close what it leaves open."""
    lasts = Counter(segment[-1] for segment in segments if segment)
    covered: set[int] = set()
    chosen: list[str] = []
    for word, _ in lasts.most_common():
        places = {place for place, segment in enumerate(segments) if word in segment}
        if len(places & covered) <= _MOST_OVERLAP * len(places):
            chosen.append(word)
            covered |= places
    return chosen


def kind_paths(records: Sequence[Record], *, preferred: Sequence[str]) -> list[str]:
    """The paths whose texts are words that come again and again, the preferred names first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        for path, text in record.items():
            if len(counts[path]) <= _MOST_KINDS:
                counts[path][text] += 1
    few = [path for path, texts in counts.items() if 2 <= len(texts) <= _MOST_KINDS and not _is_numeric(texts)]
    return sorted(few, key=lambda path: (_rank(path, preferred), path))


def _is_numeric(texts: Counter[str]) -> bool:
    return all(text.replace(".", "").isdecimal() for text in texts)


def _rank(path: str, preferred: Sequence[str]) -> int:
    name = path.rpartition(".")[2].lower()
    return preferred.index(name) if name in preferred else len(preferred)
