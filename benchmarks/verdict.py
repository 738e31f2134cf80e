"""Do all contenders tell the same? Against the truth where it is known, against each other in all else."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any


def judge(records: Sequence[dict[str, Any]], truth: Mapping[str, Any]) -> None:
    """Set `wrong` in every record: a list of what differs, in words; empty where nothing does.

    What `truth` holds must be so. Of other counts, the value that most contenders tell is right; where no value has
    most, nobody can be called right, and all are marked.
    """
    told = [record["counts"] for record in records if record["counts"]]
    names = dict.fromkeys(name for counts in told for name in counts)
    right = {name: _most_told([counts[name] for counts in told if name in counts]) for name in names}
    right = {**right, **{name: value for name, value in truth.items() if name in names}}
    for record in records:
        counts = record["counts"] or {}
        wrong = [_differs(name, value, right[name]) for name, value in counts.items()]
        record["wrong"] = [text for text in wrong if text]
        if record["unsteady"]:
            record["wrong"].append("tells other counts in other rounds")


def _most_told(values: Sequence[Any]) -> Any:
    """The value told most often; None where two are told equally often."""
    ranking = Counter(map(repr, values)).most_common(2)
    if len(ranking) > 1 and ranking[0][1] == ranking[1][1]:
        return None
    return next(value for value in values if repr(value) == ranking[0][0])


def _differs(name: str, told: Any, right: Any) -> str:
    if isinstance(told, dict) and isinstance(right, dict):
        # A tool that tells no errors by endpoint is judged by its requests alone.
        odd = [key for key in {*told, *right} if told.get(key) != right.get(key, [])[: len(told.get(key, [0]))]]
        return f"{len(odd)} {name} differ, such as {min(odd)}" if odd else ""
    if told == right:
        return ""
    return f"{name} is {told}" + ("" if right is None else f", not {right}")
