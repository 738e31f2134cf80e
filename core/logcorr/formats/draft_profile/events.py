"""Which lines of a log are requests, which are responses, and by which id they belong together: found by counting.

A record is a line as a mapping from paths to texts. Lines of one id that begin with one word and end with another, over
and over, are pairs.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec

Record = Mapping[str, str]

_DIGIT = re.compile(r"\d")
_FIRST_WORD = re.compile(r"\W*[A-Za-z_]+\W*")

_MOST_KINDS = 40
_LEAST_PAIRS = 3
# Shares of the requests that have a response, and of the lines with an id that are part of a pair.
_LEAST_ANSWERED, _LEAST_LINES = 0.6, 0.1
# A word that closes exchanges which are closed already is no response of its own.
_MOST_OVERLAP = 0.1
# Some servers write the response of a failed request twice.
_MOST_DOUBLED = 0.5
# An id that comes again with more of the requests is no id of requests, but of sessions or threads.
_MOST_REPEATED = 0.5


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
    return best if best.repeated <= _MOST_REPEATED * best.requests else None


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
    words = [_after_request([records[row][kind] for row in rows], request) for rows in groups.values()]
    opened = [own.count(request) for own in words]
    responses = _responses(words, opened, request)
    closing = [[row for row in rows if records[row][kind] in responses] for rows in groups.values()]
    answered = sum(min(len(rows), count) for rows, count in zip(closing, opened, strict=True))
    requests, lines = sum(opened), sum(1 for record in records if all(path in record for path in id_paths))
    if answered < max(_LEAST_PAIRS, _LEAST_ANSWERED * requests) or 2 * answered < _LEAST_LINES * lines:
        return None
    return Pairs(
        id=id_paths,
        kind=kind,
        request=request,
        responses=tuple(responses),
        pairs=answered,
        requests=requests,
        repeated=requests - sum(1 for count in opened if count),
        doubles=tuple(row for rows, count in zip(closing, opened, strict=True) for row in rows[count:] if count),
    )


def _after_request(words: Sequence[str], request: str) -> Sequence[str]:
    """The words of an id's lines from its first request on."""
    return words[words.index(request) :] if request in words else ()


def _responses(groups: Sequence[Sequence[str]], opened: Sequence[int], request: str) -> list[str]:
    """The words that close exchanges: the most usual last one, and others that close what it leaves open.

    But for the first, no word is chosen with which there would be more responses than requests. Of words that close as
    many exchanges, the one counts that is most like the first.
    """
    lasts = Counter(words[-1] for words in groups if words and words[-1] != request)
    closed = [0] * len(groups)
    chosen: list[str] = []
    while True:
        gains: dict[str, int] = {}
        for word in lasts if not chosen else {word for words in groups for word in words} - {request, *chosen}:
            counts = [words.count(word) for words in groups]
            holding = [k for k, count in enumerate(counts) if count]
            over = sum(1 for k in holding if closed[k] + counts[k] > opened[k])
            if over <= (_MOST_OVERLAP if chosen else _MOST_DOUBLED) * len(holding):
                gains[word] = len(holding) - over
        if not gains:
            return chosen
        if chosen:
            word = max(gains, key=lambda one: (gains[one], _likeness(one, chosen[0]), one))
        else:
            word = max(gains, key=lambda one: (lasts[one], gains[one], one))
        closed = [count + words.count(word) for count, words in zip(closed, groups, strict=True)]
        chosen.append(word)


def _likeness(one: str, other: str) -> int:
    """How many words two kinds of lines have in common."""
    return len(set(one.split()) & set(other.split()))


def kind_paths(records: Sequence[Record], *, preferred: Sequence[str]) -> list[str]:
    """The paths whose texts are words that come again and again, the preferred names first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        for path, text in record.items():
            if len(counts[path]) <= _MOST_KINDS:
                counts[path][text] += 1
    few = [path for path, texts in counts.items() if 2 <= len(texts) <= _MOST_KINDS and _are_words(texts)]
    return sorted(few, key=lambda path: (_rank(path, preferred), path))


def with_first_words(records: Sequence[Record], names: Sequence[str]) -> list[Record]:
    """The records, with the first word of each message whose texts are too many to be words: at `^` and its path."""
    counts: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for path, text in record.items():
            if path.rpartition(".")[2].lower() in names:
                counts[path].add(text)
    long = [path for path, texts in counts.items() if len(texts) > _MOST_KINDS]
    if not long:
        return list(records)
    return [
        {**record, **{f"^{path}": _first_word(record[path]) for path in long if path in record}} for record in records
    ]


def _first_word(text: str) -> str:
    found = _FIRST_WORD.match(text)
    return found[0] if found else text[:1]


def _are_words(texts: Counter[str]) -> bool:
    """Whether most lines have a text without digits, as words have none. Addresses and numbers tell no event."""
    return sum(count for text, count in texts.items() if not _DIGIT.search(text)) * 2 >= texts.total()


def _rank(path: str, preferred: Sequence[str]) -> int:
    name = path.rpartition(".")[2].lower()
    return preferred.index(name) if name in preferred else len(preferred)
