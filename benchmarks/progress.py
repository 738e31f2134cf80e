"""Tells on stderr what is being done, how long it has taken, and about how long the rest will take.

Every step is one line. Its beginning is written when the step begins, the rest when it ends, so that whoever waits
sees what for, in a terminal and in a file.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from statistics import mean, median
from typing import Any, NamedTuple

from benchmarks.tables import is_whole

# Of a run that nothing is known of: seconds to start and to count, and seconds for a million lines of each log.
_START_S, _MILLION_S = 0.7, 2.5
# Logs are made by plain Python: seconds for a million lines. Those that are there are only read.
_MADE_S, _THERE_S = 8.0, 0.05
# So many seconds are to be measured before guesses change much.
_FIRM_S = 3.0
# Where a work was never published, the one that is most like it.
_LIKE = {"gz": "full", "json": "full", "onelog": "full", "combined": "access", "alb": "access"}


class Step(NamedTuple):
    """One thing to be done: logs are made (nobody does, round 0), or a contender runs (round 0: does not count)."""

    work: str
    who: str
    round: int

    def kind(self) -> str:
        if not self.who:
            return "logs"
        return "run" if self.round else "first"


class Progress:
    """Follows a plan of steps. `guess` gives the seconds of a step before anything like it was measured."""

    def __init__(
        self,
        plan: Iterable[Step],
        guess: Callable[[Step], float],
        write: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._left = dict.fromkeys(plan)
        self._guess, self._write, self._clock = guess, write, clock
        self._count, self._done = len(self._left), 0
        self._step, self._started = Step("", "", 0), clock()
        self._began = self._started
        self._took: dict[tuple[str, str, str], list[float]] = {}
        # Of steps of each kind: seconds that they took, and what had been guessed of these.
        self._real: dict[str, float] = defaultdict(float)
        self._guessed: dict[str, float] = defaultdict(float)

    def begin(self, step: Step, text: str) -> None:
        """Write the beginning of a step's line."""
        now = self._clock()
        spent, left = now - self._started, self.left()
        self._done += 1
        place = f"[{self._done:{len(str(self._count))}}/{self._count}]"
        self._write(f"{place} {spoken(spent)}, about {spoken(left)} left: {text}")
        self._step, self._began = step, now

    def end(self, text: str = "") -> None:
        """Write the end of its line, and learn from it how long such steps take."""
        step, took = self._step, self._clock() - self._began
        self._write(f" {text}\n" if text else "\n")
        self._left.pop(step, None)
        self._took.setdefault((step.work, step.who, step.kind()), []).append(took)
        self._real[step.kind()] += took
        self._guessed[step.kind()] += self._guess(step)

    def drop(self, work: str, who: str) -> None:
        """Nothing more is run of this contender in this work."""
        gone = [step for step in self._left if step[:2] == (work, who)]
        for step in gone:
            del self._left[step]
        self._count -= len(gone)

    def note(self, text: str) -> None:
        self._write(text + "\n")

    def left(self) -> float:
        """About how many seconds the steps will take that are not done."""
        return sum(self._expected(step) for step in self._left)

    def _expected(self, step: Step) -> float:
        """What the same took before; else what is guessed, as far off as the guesses of this kind so far were."""
        kind = step.kind()
        if took := self._took.get((step.work, step.who, kind)):
            return median(took)
        return self._guess(step) * (self._real[kind] + _FIRM_S) / (self._guessed[kind] + _FIRM_S)


def guesses(published: Mapping[str, Any], rows: int, are_there: Callable[[str], bool]) -> Callable[[Step], float]:
    """Seconds of a step with so many rows, by the results that were published last ({rows: result}).

    `are_there` tells whether the logs of a work were made before.
    """

    def guess(step: Step) -> float:
        if not step.who:
            return (_THERE_S if are_there(step.work) else _MADE_S) * rows / 1e6
        if not step.round:
            return _START_S
        known = _per_line(published, rows, step)
        return _START_S + rows * (_MILLION_S / 1e6 if known is None else known)

    return guess


def _per_line(published: Mapping[str, Any], rows: int, step: Step) -> float | None:
    """Seconds for a row: of this contender, else of the one that it is a variant of, else of most, in the same work.

    Of several sizes the one counts that is nearest to `rows`.
    """
    work = step.work
    names = [step.who, step.who.partition("-")[0], ""]
    for place in (work, _LIKE.get(work, work)):
        found = [result for result in published.values() if result["works"].get(place)]
        found.sort(key=lambda result: max(rows / result["rows"], result["rows"] / rows))
        for name in names:
            for result in found:
                walls = [_wall(record) for record in result["works"][place] if name in ("", record["name"])]
                if walls := [wall for wall in walls if wall]:
                    return float(mean(walls) / result["rows"])
    return None


def _wall(record: Mapping[str, Any]) -> float:
    """The median wall time of a contender, or how long it ran before it was ended; 0 where it never ran."""
    walls = [run["wall_s"] for run in record["runs"]]
    return float(median(walls) if is_whole(record) else max(walls, default=0.0))


def spoken(seconds: float) -> str:
    """A length of time for people: 45 s, 3 min 20 s, 1 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
