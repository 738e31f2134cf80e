"""The plain oracle of pairing by profiles: entries → pairs, orphans and what else the ledger counts.

It shares no code with the engine, and is defined on the set of entries: their order does not matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.oracle.profile_oracle import Line


class Paired(NamedTuple):
    """The entries of both sides, after pairing."""

    matched: list[tuple[Line, Line]]
    orphan_requests: list[Line]
    orphan_responses: list[Line]
    surplus: list[Line]
    superseded: list[Line]
    redelivered: list[Line]


def pair(
    lines: Iterable[Line], pairing: str = "in-order", *, ties_by_line: bool = False, redelivery: bool = False
) -> Paired:
    """Pairs the entries of each id.

    With `redelivery`, entries of one side with the same id, instant and value count once. This is so in the format
    `logcorr` alone: in a log with whole seconds, two requests of one id are often the same line.
    """
    result = Paired([], [], [], [], [], [])
    groups: dict[str, tuple[list[Line], list[Line]]] = defaultdict(lambda: ([], []))
    seen = set()
    for line in lines:
        if line.kind != "entry" or line.event == "exchange":
            continue
        value = line.user if line.event == "request" else line.status
        same = (line.event, line.id, line.at, value)
        if redelivery and same in seen:
            result.redelivered.append(line)
            continue
        seen.add(same)
        groups[line.id][line.event == "response"].append(line)
    for requests, responses in groups.values():
        if pairing == "nearest":
            _nearest(requests, responses, result, ties_by_line=ties_by_line)
        else:
            _by_rank(requests, responses, pairing, result)
    return result


def _request_order(line: Line) -> tuple[int, bool, str]:
    return line.at or 0, line.user is not None, line.user or ""


def _response_order(line: Line) -> tuple[int, bool, int]:
    return line.at or 0, line.status is not None, line.status or 0


def _by_rank(requests: Sequence[Line], responses: Sequence[Line], pairing: str, result: Paired) -> None:
    """in-order, first and last. Weak responses answer what the others leave open, by the same rule."""
    open_requests = sorted(requests, key=_request_order)
    for weak in (False, True):
        answers = sorted((line for line in responses if line.weak == weak), key=_response_order)
        pairs = min(len(open_requests), len(answers))
        extra: list[Line] = []
        if pairing in ("first", "last") and pairs:
            chosen = 0 if pairing == "first" else -1
            picked = (open_requests.pop(chosen), answers.pop(chosen))
            result.matched.append(picked)
            result.superseded.extend((*open_requests, *answers))
            open_requests = []
        else:
            result.matched.extend(zip(open_requests[:pairs], answers[:pairs], strict=True))
            open_requests, extra = open_requests[pairs:], answers[pairs:]
        (result.surplus if weak else result.orphan_responses).extend(extra)
    result.orphan_requests.extend(open_requests)


def _nearest(requests: Sequence[Line], responses: Sequence[Line], result: Paired, *, ties_by_line: bool) -> None:
    """A response takes the latest request that is open and not later than it."""
    open_requests: list[Line] = []

    def answer(response: Line) -> None:
        if open_requests:
            result.matched.append((open_requests.pop(), response))
        else:
            (result.surplus if response.weak else result.orphan_responses).append(response)

    if ties_by_line:
        for line in sorted((*requests, *responses), key=lambda line: (line.at or 0, line.file, line.row)):
            open_requests.append(line) if line.event == "request" else answer(line)
        result.orphan_requests.extend(open_requests)
        return
    for at in sorted({line.at or 0 for line in (*requests, *responses)}):
        new = sorted((line for line in requests if (line.at or 0) == at), key=_request_order)
        answers = [line for line in responses if (line.at or 0) == at]
        answers.sort(key=lambda line: (line.weak, *_response_order(line)))
        earlier = min(max(len(answers) - len(new), 0), len(open_requests))
        for response in answers[:earlier]:
            answer(response)
        open_requests.extend(new)
        for response in answers[earlier:]:
            answer(response)
    result.orphan_requests.extend(open_requests)
