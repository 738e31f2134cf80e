"""The model of runs on many machines: what it is fed with is measured, its time adds up, and it finds the bottleneck."""

import random
from pathlib import Path

import msgspec
import pytest

from benchmarks import cluster_model
from benchmarks.cluster_model import Cluster, Work, bottleneck, law, phases_of, simulated
from benchmarks.cluster_trace import Trace, measured
from tests.support.helpers import ROOT, generated

ONE = Cluster(machines=1, cores=1, network=1e6, first_byte_s=0.0, gets=1e9, puts=1e9, slow_one_in=0, driver_s=0.0)


def steps(number: int, **changed: float) -> dict[str, list[Work]]:
    work = {"cpu_s": 1.0, "reads": 1.0, "read_bytes": 2e6, "writes": 1.0, "written_bytes": 1e6} | changed
    return {"map": [Work(**work)] * number}


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    folder = tmp_path_factory.mktemp("trace")
    generated(folder, 20_000)
    return measured(str(folder / "requests.log"), str(folder / "responses.log"), 400_000, folder / "runs")


def test_one_slot_does_one_thing_after_the_other() -> None:
    assert simulated(steps(10), ONE)["map"].ended == pytest.approx(10 * (1.0 + 2.0 + 1.0))
    half = msgspec.structs.replace(ONE, speed=2.0, network=2e6)
    assert simulated(steps(10), half)["map"].ended == pytest.approx(10 * (0.5 + 1.0 + 0.5))


def test_slots_of_a_machine_share_its_network_and_machines_do_not() -> None:
    only_bytes = steps(8, cpu_s=0.0, written_bytes=0.0)
    several = msgspec.structs.replace(ONE, cores=4)
    assert simulated(only_bytes, several)["map"].ended == pytest.approx(16.0)
    machines = msgspec.structs.replace(ONE, machines=4)
    assert simulated(only_bytes, machines)["map"].ended == pytest.approx(4.0)
    only_cpu = steps(8, read_bytes=0.0, written_bytes=0.0)
    assert simulated(only_cpu, several)["map"].ended == pytest.approx(2.0)


def test_requests_wait_for_their_turn_and_for_their_first_byte() -> None:
    asking = steps(4, cpu_s=0.0, read_bytes=0.0, written_bytes=0.0, reads=100.0, writes=0.0)
    limited = msgspec.structs.replace(ONE, machines=4, gets=50.0)
    assert simulated(asking, limited)["map"].ended == pytest.approx(8.0)
    slow = msgspec.structs.replace(ONE, machines=4, first_byte_s=0.1, at_once=10)
    assert simulated(asking, slow)["map"].ended == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"speed": 0.01}, "CPU"),
        ({"network": 1e4}, "network of the machines"),
        ({"gets": 2.0}, "requests a second of the bucket"),
        ({"first_byte_s": 30.0}, "time to the first byte"),
        ({"driver_s": 20.0}, "driver"),
        ({"slow_one_in": 4, "slow_factor": 50.0}, "slow machines"),
    ],
)
def test_what_is_scarce_is_the_bottleneck(changed: dict[str, float], named: str) -> None:
    cluster = msgspec.structs.replace(ONE, machines=4, cores=4, **{"network": 1e9, **changed})
    assert next(iter(bottleneck(steps(64), cluster))) == named


def test_the_law_of_a_phase() -> None:
    fitted = law([(size, 0.5 + 2e-6 * size) for size in (1e6, 2e6, 4e6)])
    assert fitted.base_s == pytest.approx(0.5)
    assert fitted.per_byte_s == pytest.approx(2e-6)
    assert fitted.spread == pytest.approx([1.0] * 3)
    falling = law([(1e6, 3.0), (2e6, 1.0)])
    assert falling.base_s == 0.0
    assert falling.per_byte_s == pytest.approx(4.0 / 3e6)


def test_a_trace_is_measured_and_scaled(trace: Trace) -> None:
    by_phase = {name: [step for step in trace.steps if step.phase == name] for name in ("map", "reduce", "finish")}
    assert len(by_phase["map"]) == trace.splits > 2
    assert len(by_phase["reduce"]) == trace.buckets
    written = sum(step.written_bytes for step in by_phase["map"])
    assert 0.2 * trace.text_bytes < written < 1.2 * trace.text_bytes
    assert sum(step.read_bytes for step in by_phase["reduce"]) > 0.9 * written
    assert all(step.cpu_s > 0 for step in trace.steps)
    phases = phases_of([trace], 1000 * trace.lines, random.Random(1))
    text = 1000 * trace.text_bytes
    assert len(phases["map"]) == -(-text // (512 << 20))
    assert sum(step.read_bytes for step in phases["map"]) == pytest.approx(text, rel=0.01)
    assert phases["reduce"][0].reads > len(phases["map"])


def test_what_is_told(trace: Trace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "trace.json").write_bytes(msgspec.json.encode([trace]))
    words = [str(tmp_path / "trace.json"), "--lines", "1000000000", "--machines", "4", "--cores", "8"]
    cluster_model.main(words)
    first = capsys.readouterr().out
    assert first.startswith("1,000,000,000 lines on 4 machines of 8 cores\n")
    assert "bottleneck: " in first.splitlines()[-1]
    cluster_model.main(words)
    assert capsys.readouterr().out == first


def test_ten_billion_lines_on_the_published_steps(capsys: pytest.CaptureFixture[str]) -> None:
    cluster_model.main([str(ROOT / "benchmarks" / "cluster_steps.json")])
    told = capsys.readouterr().out
    assert told.startswith("10,000,000,000 lines on 32 machines of 16 cores\n")
    assert told.endswith("bottleneck: requests a second of the bucket\n")
