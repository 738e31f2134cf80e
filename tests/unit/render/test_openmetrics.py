"""Metrics of a run: both parsers of Prometheus' own client read them, and their numbers are those of the report."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric

from logcorr.model.report import Report
from logcorr.render.openmetrics import MOST_ENDPOINTS, openmetrics
from logcorr.runs.run_folder import RunFolder
from tests.support.attribute_runs import Lost, Pair, made
from tests.support.hostile import PAYLOADS
from tests.support.metric_families import openmetrics_families, text_families

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
DURATION = "logcorr_request_duration_seconds"


def families(run: RunFolder) -> dict[str, Metric]:
    return {family.name: family for family in openmetrics_families(openmetrics(run).decode())}


def samples(families: Iterable[Metric]) -> Samples:
    found: Samples = {}
    for family in families:
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found, "a series that is there twice"
            assert sample.timestamp is None
            found[key] = sample.value
    return found


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    pairs = [
        *(Pair(number, 1000 * number, 200, endpoint="/a") for number in range(100)),
        *(Pair(number, 3_000_000, 503, endpoint="/b") for number in range(10)),
        *(Pair(number, -5, 404, endpoint=None) for number in range(3)),
        Pair(1, 500_000_000, None, endpoint="/b"),
        Pair(1, None, 999, endpoint="/b"),
    ]
    return made(tmp_path / "made", pairs, [Lost("request", 5), Lost("response", 7)])


def test_both_parsers_read_the_same_numbers(run: RunFolder) -> None:
    text = openmetrics(run).decode()
    assert text.endswith("\n# EOF\n")
    assert samples(openmetrics_families(text)) == samples(text_families(text))


def test_the_numbers_are_those_of_the_report(run: RunFolder) -> None:
    report = run.report
    assert isinstance(report, Report)
    found = samples(openmetrics_families(openmetrics(run).decode()))

    def total(name: str) -> float:
        return sum(value for (own, _), value in found.items() if own == name)

    assert total("logcorr_exchanges_total") == total("logcorr_requests_total") == sum(report.status.values())
    assert total(f"{DURATION}_count") == report.latency.count
    assert total("logcorr_negative_durations_total") == report.latency.negative == 3
    assert total("logcorr_orphans_total") == sum([*report.orphans.request.values(), *report.orphans.response.values()])
    assert total(f"{DURATION}_sum") == pytest.approx(report.latency.count * (report.latency.mean_ms or 0) / 1000)
    for name, share in (("p50_ms", "0.5"), ("p99_ms", "0.99"), ("p999_ms", "0.999")):
        percentile = found["logcorr_request_duration_percentile_seconds", (("quantile", share),)]
        assert percentile * 1000 == pytest.approx(getattr(report.latency, name))


def test_labels_and_buckets(run: RunFolder) -> None:
    found = samples(openmetrics_families(openmetrics(run).decode()))
    requests = {labels: value for (name, labels), value in found.items() if name == "logcorr_requests_total"}
    assert requests == {
        (("endpoint", "/a"), ("status_class", "2xx")): 100,
        (("endpoint", "/b"), ("status_class", "5xx")): 10,
        (("endpoint", "/b"), ("status_class", "none")): 1,
        (("endpoint", "/b"), ("status_class", "other")): 1,
        (("endpoint", "none"), ("status_class", "4xx")): 3,
    }

    def bucket(endpoint: str, status_class: str, le: str) -> float:
        labels = ("endpoint", endpoint), ("le", le), ("status_class", status_class)
        return found[f"{DURATION}_bucket", labels]

    assert [bucket("/a", "2xx", le) for le in ("0.015625", "0.0625", "+Inf")] == [16, 63, 100]
    assert [bucket("/b", "5xx", le) for le in ("2.0", "4.0", "+Inf")] == [0, 10, 10]
    assert [bucket("/b", "none", le) for le in ("256.0", "+Inf")] == [0, 1]
    assert found[f"{DURATION}_sum", (("endpoint", "/b"), ("status_class", "5xx"))] == 30


def test_names_have_units_and_types(run: RunFolder) -> None:
    for name, family in families(run).items():
        assert name.startswith("logcorr_")
        assert family.documentation.endswith(".")
        assert family.type in {"counter", "gauge", "histogram"}
        assert family.unit == next((unit for unit in ("seconds", "bytes") if name.endswith(unit)), "")


def test_the_document_names_every_metric_and_its_labels(run: RunFolder) -> None:
    """As a table: the name, the labels, what it is."""
    text = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(logcorr_[a-z_]+)` \| (.*?) \|", text, re.MULTILINE)
    documented = {name: {*re.findall(r"`([a-z_]+)`", labels)} for name, labels in rows}
    written = {
        family.name + ("_total" if family.type == "counter" else ""): {
            label for sample in family.samples for label in sample.labels
        }
        for family in families(run).values()
    }
    assert documented == written


def test_few_endpoints_have_series_of_their_own(tmp_path: Path) -> None:
    pairs = [Pair(0, 1, 200, endpoint=f"/{number}") for number in range(100) for _ in range(number + 1)]
    run = made(tmp_path / "made", [*pairs, *[Pair(0, 1, 200, endpoint="other")] * 500, Pair(0, 1, 200)])
    found = families(run)["logcorr_requests"].samples
    endpoints = {sample.labels["endpoint"]: sample.value for sample in found}
    named = {f"/{number}": number + 1 for number in range(100 - MOST_ENDPOINTS + 1, 100)}
    rest = len(pairs) - sum(named.values()) + 500
    assert endpoints == {**named, "other": rest, "none": 1}


def test_a_run_without_endpoints_has_no_such_label(tmp_path: Path) -> None:
    run = made(tmp_path / "made", [Pair(0, 1000, 200)], attributes=())
    assert [sample.labels for sample in families(run)["logcorr_requests"].samples] == [{"status_class": "2xx"}]


def test_a_run_without_exchanges(tmp_path: Path) -> None:
    run = made(tmp_path / "made", [], [Lost("request", 5)])
    found = families(run)
    assert DURATION not in found
    assert [sample.value for sample in found["logcorr_exchanges"].samples] == [0]


def test_hostile_endpoints_are_inert(tmp_path: Path) -> None:
    endpoints = [*PAYLOADS.values(), 'a"} 1\nlogcorr_lines_total 5\n# EOF', "\\", 'x\\"y', "new\nline", "x" * 5000]
    for start in range(0, len(endpoints), MOST_ENDPOINTS):
        some = endpoints[start : start + MOST_ENDPOINTS]
        run = made(tmp_path / f"made{start}", [Pair(0, 1, 200, endpoint=text) for text in some])
        text = openmetrics(run).decode()
        assert samples(openmetrics_families(text)) == samples(text_families(text))
        assert [
            line for line in text.split("\n") if not line.startswith(("# HELP", "# TYPE", "# UNIT", "logcorr_"))
        ] == [*("# EOF", "")]
        assert not {char for char in text if not char.isprintable() and char != "\n"}
        labels = [sample.labels["endpoint"] for sample in families(run)["logcorr_requests"].samples]
        assert len(labels) == len(some)
        assert max(map(len, labels)) <= 200


def test_endpoints_that_are_alike_as_labels_are_one_series(tmp_path: Path) -> None:
    run = made(tmp_path / "made", [Pair(0, 1, 200, endpoint=text) for text in ("/\u202e", "/\u200b", "/\u202e")])
    assert [sample.value for sample in families(run)["logcorr_requests"].samples] == [3]
