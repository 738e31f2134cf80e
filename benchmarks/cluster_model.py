"""How long a correlation takes on many machines, and what it waits for: a simulation fed by steps that were measured.

    python -m benchmarks.cluster_model trace.json --lines 10000000000 --machines 32 --cores 16

The trace is of `cluster_trace`. Steps of the size that is asked for are made of those that were measured: their CPU by
a line through all of a phase, with the spread around it; their bytes and requests by shares. Slots, the network of each
machine, the requests that a bucket takes in a second, the time to its first byte, and the driver are simulated.
"""

import argparse
import heapq
import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.cluster_trace import StepCost, Trace

_MB = 1 << 20
_RANGE_BYTES = 8 * _MB
_MOST_RANGES = 1_000_000
# Phases whose steps read one range of a file of every step of an earlier phase.
_FAN_IN = {"reduce": "splits", "count": "buckets"}
_STEPS_OF = {"map": "splits", "count": "parts", "top": "buckets"}


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Machines and a bucket. Rates are bytes and requests a second; times are seconds.

    A step has `at_once` requests under way. One machine in `slow_one_in` takes `slow_factor` times as long (0: none).
    The driver takes `driver_s` for each note.
    """

    machines: int = 32
    cores: int = 16
    network: float = 12.5e9 / 8
    first_byte_s: float = 0.03
    gets: float = 5_500.0
    puts: float = 3_500.0
    at_once: int = 8
    slow_one_in: int = 32
    slow_factor: float = 2.0
    driver_s: float = 0.002
    speed: float = 1.0


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One step: CPU seconds, requests and bytes both ways."""

    cpu_s: float
    reads: float
    read_bytes: float
    writes: float
    written_bytes: float


class Waited(msgspec.Struct, kw_only=True):
    """What all slots did in a phase, in seconds of slots; and when the phase ended."""

    steps: int = 0
    ended: float = 0.0
    cpu: float = 0.0
    requests: float = 0.0
    first_byte: float = 0.0
    network: float = 0.0
    driver: float = 0.0


class Law(msgspec.Struct, frozen=True, kw_only=True):
    """CPU seconds of a step by its share of the text: `base_s` and `per_byte_s`, and the ratios that were measured."""

    base_s: float
    per_byte_s: float
    spread: list[float]


def law(steps: Sequence[tuple[float, float]]) -> Law:
    """The law of (bytes of text, CPU seconds) of steps. Neither of its parts is below zero."""
    sizes = np.array([size for size, _ in steps])
    seconds = np.array([cpu for _, cpu in steps])
    base, slope = 0.0, float(seconds.sum() / sizes.sum())
    if len(set(sizes.tolist())) > 1:
        fitted = np.polyfit(sizes, seconds, 1)
        if fitted[0] > 0 and fitted[1] > 0:
            slope, base = float(fitted[0]), float(fitted[1])
    spread = [float(cpu / (base + slope * size)) for size, cpu in steps if base + slope * size > 0]
    return Law(base_s=base, per_byte_s=slope, spread=spread)


def phases_of(traces: Sequence[Trace], lines: int, chance: random.Random) -> dict[str, list[Work]]:
    """The steps of a run of so many lines, by phase."""
    text = traces[0].text_bytes * lines / traces[0].lines
    splits = max(1, math.ceil(text / (512 * _MB)))
    counts = {"splits": splits, "buckets": max(1, min(math.ceil(text / (128 * _MB)), _MOST_RANGES // splits))}
    counts["parts"] = max(1, min(1024, int(text) // (512 * _MB)))
    names = list(dict.fromkeys(step.phase for trace in traces for step in trace.steps))
    return {name: _steps(name, traces, text, counts, chance) for name in names}


def _steps(
    name: str, traces: Sequence[Trace], text: float, counts: dict[str, int], chance: random.Random
) -> list[Work]:
    number = counts[_STEPS_OF.get(name, "buckets")]
    measured = [(trace, [step for step in trace.steps if step.phase == name]) for trace in traces]
    measured = [(trace, steps) for trace, steps in measured if steps]
    cpu = law([(trace.text_bytes / len(steps), step.cpu_s) for trace, steps in measured for step in steps])
    size = text / number
    reads = _mean(_own_reads(name, trace, step) for trace, steps in measured for step in steps)
    fan_in = counts[_FAN_IN[name]] if name in _FAN_IN else 0
    of_text = size if name == "map" else 0
    share = {
        kind: _mean(getattr(step, kind) * len(steps) / trace.text_bytes for trace, steps in measured for step in steps)
        for kind in ("read_bytes", "written_bytes")
    }
    return [
        Work(
            cpu_s=(cpu.base_s + cpu.per_byte_s * size) * chance.choice(cpu.spread),
            reads=reads + fan_in + of_text / _RANGE_BYTES,
            read_bytes=share["read_bytes"] * size + of_text,
            writes=_mean(step.writes for _, steps in measured for step in steps),
            written_bytes=share["written_bytes"] * size,
        )
        for _ in range(number)
    ]


def _own_reads(name: str, trace: Trace, step: StepCost) -> float:
    """The requests of a step but for those that are one for each step of an earlier phase."""
    files = getattr(trace, _FAN_IN[name]) if name in _FAN_IN else 0
    return max(0, step.reads - files)


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / max(1, len(found))


class _Network:
    """The network of one machine, which all its transfers share evenly."""

    def __init__(self, rate: float) -> None:
        self._rate, self._at = rate, 0.0
        self.left: dict[int, float] = {}

    def advance(self, now: float) -> None:
        """Carries the transfers on to this moment."""
        if self.left:
            done = (now - self._at) * self._rate / len(self.left)
            self.left = {step: rest - done for step, rest in self.left.items()}
        self._at = now

    def next_end(self) -> tuple[float, int] | None:
        """When the next transfer ends if no other begins, and whose it is."""
        if not self.left:
            return None
        step = min(self.left, key=lambda step: self.left[step])
        return self._at + max(0.0, self.left[step]) * len(self.left) / self._rate, step


class _Phase:
    """One phase: steps go to free slots, and read, work and write there. Time begins at 0."""

    def __init__(self, steps: Sequence[Work], cluster: Cluster) -> None:
        self._steps, self._cluster = steps, cluster
        self._networks = [_Network(cluster.network) for _ in range(cluster.machines)]
        self._events: list[tuple[float, int, str, int, int]] = []
        self._waiting = list(range(len(steps)))[::-1]
        self._began: dict[int, float] = {}
        self._versions = [0] * cluster.machines
        self._order = count()
        self._free_gets = self._free_puts = self._free_driver = 0.0
        self.waited = Waited(steps=len(steps))

    def run(self) -> Waited:
        """Simulates the phase."""
        cluster = self._cluster
        for slot in range(cluster.machines * cluster.cores):
            self._next_step(0.0, slot % cluster.machines)
        while self._events:
            now, _, what, step, machine = heapq.heappop(self._events)
            if what == "network":
                self._network(now, step, machine)
            elif what == "cpu":
                self._request(now, step, machine, "write")
            else:
                self._transfer(now, step, machine, what)
        return self.waited

    def _push(self, at: float, what: str, step: int, machine: int) -> None:
        heapq.heappush(self._events, (at, next(self._order), what, step, machine))

    def _next_step(self, now: float, machine: int) -> None:
        if self._waiting:
            self._request(now, self._waiting.pop(), machine, "read")

    def _request(self, now: float, step: int, machine: int, what: str) -> None:
        """Asks the bucket: it takes so many requests a second of all, and each has to wait for its first byte."""
        work, cluster = self._steps[step], self._cluster
        requests = work.reads if what == "read" else work.writes
        rate = cluster.gets if what == "read" else cluster.puts
        free = max(now, self._free_gets if what == "read" else self._free_puts) + requests / rate
        if what == "read":
            self._free_gets = free
        else:
            self._free_puts = free
        first = math.ceil(requests / cluster.at_once) * cluster.first_byte_s
        self.waited.requests += max(0.0, free - now - first)
        self.waited.first_byte += first
        self._push(max(free, now + first), what, step, machine)

    def _transfer(self, now: float, step: int, machine: int, what: str) -> None:
        work, network = self._steps[step], self._networks[machine]
        network.advance(now)
        # A step that writes has the sign turned, to know what comes behind.
        network.left[step if what == "read" else ~step] = work.read_bytes if what == "read" else work.written_bytes
        self._began[step] = now
        self._plan_network(machine)

    def _plan_network(self, machine: int) -> None:
        self._versions[machine] += 1
        if (end := self._networks[machine].next_end()) is not None:
            self._push(end[0], "network", self._versions[machine], machine)

    def _network(self, now: float, version: int, machine: int) -> None:
        if version != self._versions[machine]:
            return  # another transfer has begun or ended since
        network = self._networks[machine]
        network.advance(now)
        end = network.next_end()
        if end is None:
            return
        step = end[1]
        del network.left[step]
        self._plan_network(machine)
        self.waited.network += now - self._began[max(step, ~step)]
        if step >= 0:
            seconds = self._steps[step].cpu_s / self._cluster.speed * self._slowness(machine)
            self.waited.cpu += seconds
            self._push(now + seconds, "cpu", step, machine)
        else:
            self._ended(now)
            self._next_step(now, machine)

    def _slowness(self, machine: int) -> float:
        one_in = self._cluster.slow_one_in
        return self._cluster.slow_factor if one_in and machine % one_in == 0 else 1.0

    def _ended(self, now: float) -> None:
        """The driver takes the note of a step."""
        free = max(now, self._free_driver) + self._cluster.driver_s
        self.waited.driver += self._cluster.driver_s
        self._free_driver = free
        self.waited.ended = max(self.waited.ended, free)


def simulated(phases: dict[str, list[Work]], cluster: Cluster) -> dict[str, Waited]:
    """What each phase takes. A phase begins when the one before has ended."""
    return {name: _Phase(steps, cluster).run() for name, steps in phases.items()}


# What would take less time with twice of something. The first of these that saves most is the bottleneck.
_TWICE: dict[str, Callable[[Cluster], Cluster]] = {
    "CPU": lambda cluster: msgspec.structs.replace(cluster, speed=2 * cluster.speed),
    "network of the machines": lambda cluster: msgspec.structs.replace(cluster, network=2 * cluster.network),
    "requests a second of the bucket": lambda cluster: msgspec.structs.replace(
        cluster, gets=2 * cluster.gets, puts=2 * cluster.puts
    ),
    "time to the first byte": lambda cluster: msgspec.structs.replace(cluster, first_byte_s=cluster.first_byte_s / 2),
    "driver": lambda cluster: msgspec.structs.replace(cluster, driver_s=cluster.driver_s / 2),
    "slow machines": lambda cluster: msgspec.structs.replace(cluster, slow_one_in=0),
}


def bottleneck(phases: dict[str, list[Work]], cluster: Cluster) -> dict[str, float]:
    """The seconds of a run with twice of each resource, or without slow machines; the least first."""
    taken = {name: _total(simulated(phases, twice(cluster))) for name, twice in _TWICE.items()}
    return dict(sorted(taken.items(), key=lambda entry: entry[1]))


def _total(waited: dict[str, Waited]) -> float:
    return sum(phase.ended for phase in waited.values())


def told(phases: dict[str, list[Work]], cluster: Cluster, lines: int) -> str:
    """The result as text: a row for each phase, the total, and the bottleneck."""
    waited, slots = simulated(phases, cluster), cluster.machines * cluster.cores
    rows = [f"{lines:,} lines on {cluster.machines} machines of {cluster.cores} cores", ""]
    rows.append(f"{'phase':<10}{'steps':>7}{'seconds':>9}  shares of the time of all slots")
    for name, phase in waited.items():
        whole = slots * phase.ended
        spent = {"CPU": phase.cpu, "network": phase.network, "first byte": phase.first_byte, "requests": phase.requests}
        shares = ", ".join(f"{what} {seconds / whole:.0%}" for what, seconds in spent.items() if seconds >= whole / 200)
        idle = max(0.0, 1 - sum(spent.values()) / whole)
        rows.append(f"{name:<10}{phase.steps:>7}{phase.ended:>9.1f}  {shares}, idle {idle:.0%}")
    total, moved = _total(waited), Counter[str]()
    for steps in phases.values():
        moved["read"] += int(sum(step.read_bytes for step in steps))
        moved["written"] += int(sum(step.written_bytes for step in steps))
        moved["requests"] += int(sum(step.reads + step.writes for step in steps))
    rows += ["", f"total {total:.1f} s; CPU {sum(phase.cpu for phase in waited.values()):,.0f} s"]
    bytes_moved = f"{moved['read'] / 1e9:,.0f} GB read, {moved['written'] / 1e9:,.0f} GB written"
    rows.append(f"{bytes_moved}, {moved['requests']:,} requests")
    rows.append("")
    with_twice = bottleneck(phases, cluster)
    for name, seconds in with_twice.items():
        what = "without slow machines" if name == "slow machines" else f"with {name} twice as good"
        rows.append(f"{what:<58}{seconds:>8.1f} s  {seconds / total - 1:+.0%}")
    rows.append(f"bottleneck: {next(iter(with_twice))}")
    return "\n".join(rows) + "\n"


def main(words: list[str]) -> None:
    """Reads a trace, and writes what the simulation tells to stdout."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster_model", allow_abbrev=False)
    parser.add_argument("trace", type=Path, help="a file that cluster_trace wrote")
    parser.add_argument("--lines", type=int, default=10_000_000_000, help="lines of both logs together")
    parser.add_argument("--seed", type=int, default=1)
    for name in Cluster.__struct_fields__:
        default = getattr(Cluster(), name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    given = vars(parser.parse_args(words))
    traces = msgspec.json.decode(given.pop("trace").read_bytes(), type=list[Trace])
    lines, chance = given.pop("lines"), random.Random(given.pop("seed"))  # noqa: S311 - no secret
    sys.stdout.write(told(phases_of(traces, lines, chance), Cluster(**given), lines))


if __name__ == "__main__":
    main(sys.argv[1:])
