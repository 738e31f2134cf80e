"""`--fail-if` of a comparison: what is read, what is refused, when a condition holds."""

from pathlib import Path

import msgspec
import pytest

from logcorr.model.diff import Diff
from logcorr.model.errors import UsageError
from logcorr.query.compare.fail_if import Limit, change_text, limit
from tests.support.diff_cases import Endpoint, User, access_run, compared, pair_report, pair_run


@pytest.mark.parametrize(
    ("text", "metric", "sign", "by", "amount"),
    [
        ("p99>+10%", "p99", ">", "ratio", 0.1),
        ("p99>+50ms", "p99", ">", "change", 50.0),
        (" p999 >= + 1.5 s ", "p999", ">=", "change", 1500.0),
        ("mean<-250us", "mean", "<", "change", -0.25),
        ("failure.p95<=-12.5%", "failure.p95", "<=", "ratio", -0.125),
        ("error_rate>+0.5%", "error_rate", ">", "change", 0.005),
        ("orphan_rate>+1 %", "orphan_rate", ">", "change", 0.01),
        ("orphan_rate.lost>+.5%", "orphan_rate.lost", ">", "change", 0.005),
        ("requests<-20%", "requests", "<", "ratio", -0.2),
        ("suspicious_ips>+3", "suspicious_ips", ">", "change", 3.0),
    ],
)
def test_what_is_read(text: str, metric: str, sign: str, by: str, amount: float) -> None:
    found = limit(text)
    assert (found.text, found.metric, found.sign, found.by) == (text, metric, sign, by)
    assert found.limit == pytest.approx(amount)


@pytest.mark.parametrize(
    "text",
    [
        *("", "p99", "p99>", "p99>10%", "p99>500ms", "p99=+10%", "p99>>+10%", ">+10%", "p98>+10%", "P99>+10%"),
        *("p99>+", "p99>+10", "p99>+-10%", "p99>+10%%", "p99>+ten%", "p99>+1e3%", "p99>+inf%", "p99>+10% and p50>+1%"),
        *("error_rate>+0.5", "error_rate>+50ms", "error_rate>+0.5pp", "requests>+5ms", "requests>+x", "latency>+5ms"),
        *("p99>+٥%", "p99>+10%\np50>+10%", "orphan_rate.unheard>+1%", "success.error_rate>+1%"),
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        limit(text)
    assert repr(text) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.exit_code == 2


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Diff:
    """p99 from 100 to 110 ms, p50 from 0 to 2 ms; errors from 1.0 to 1.5 %, orphans from none to 1.7 %."""
    folder = tmp_path_factory.mktemp("runs")
    a, b = [User("u", 10_000, 100)], [User("u", 12_000, 177, 200)]
    latency = pair_report(a).latency
    names = ("min_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms")
    spans = [
        msgspec.structs.replace(latency, **dict(zip(names, values, strict=True)))
        for values in ((0.0, 0.0, 60.0, 80.0, 100.0, 200.0), (0.0, 2.0, 60.0, 80.3, 110.0, 220.0))
    ]
    failure = msgspec.structs.replace(pair_report(a).latency_failure, p90_ms=None)
    runs = [
        pair_run(folder / name, users, latency=span, latency_failure=failure)
        for name, users, span in zip("ab", (a, b), spans, strict=True)
    ]
    from logcorr.query.compare.compare_runs import diff

    return diff(*runs)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("p99>+10%", False), ("p99>=+10%", True), ("p99>+9.9%", True), ("p99<+10%", False), ("p99<=+10%", True),
        ("p99>+10ms", False), ("p99>=+10ms", True), ("p99>+9.999ms", True), ("p99<+10.001ms", True),
        ("p50>+1000000%", True), ("p50>+1ms", True), ("p50<-1%", False),
        ("failure.p90>+0%", False), ("failure.p90<+0%", False), ("failure.p90>=-100%", False),
        ("p90>+0%", False), ("p90>=+0%", False), ("p90<=+0%", False), ("p90>-1%", True), ("p90<+1%", True),
        ("p95>+0.1%", False), ("p95>+0.1ms", False), ("p95<+0.1%", True),
        ("error_rate>+0.4%", True), ("error_rate>+0.5%", False), ("error_rate>=+0.5%", True), ("error_rate<-0.1%", False),
        ("orphan_rate>+1%", True), ("orphan_rate>+2%", False), ("orphan_rate.lost>+1%", True),
        ("orphan_rate.too_far>+0%", False), ("orphan_rate.too_far<=+0%", False), ("malformed_rate.json>+1%", False),
        ("requests>+20%", False), ("requests>=+20%", True), ("requests>+1999", True), ("requests<-1%", False),
    ],
)  # fmt: skip
def test_when_a_condition_holds(found: Diff, text: str, holds: bool) -> None:
    assert (limit(text).holds(found) is not None) == holds


def test_a_change_that_the_table_calls_the_same_never_fails(found: Diff) -> None:
    for figure in found.figures:
        if figure.verdict == "same" and figure.change is not None and figure.unit == "ms":
            for text in (f"{figure.name}>+0%", f"{figure.name}>=+0ms", f"{figure.name}<-0%", f"{figure.name}<=-0ms"):
                assert limit(text).holds(found) is None


def test_what_a_message_tells(found: Diff) -> None:
    figures = [limit(text).holds(found) for text in ("p99>=+10ms", "error_rate>=+0.5%", "requests>+1")]
    assert [change_text(figure) for figure in figures if figure] == [
        "p99 went from 100ms to 110ms",
        "error_rate went from 1 % to 1.5 %",
        "requests went from 10,000 to 12,000",
    ]


def test_figures_that_are_not_there(found: Diff, tmp_path: Path) -> None:
    assert limit("failure.p90>+1%").figure(found) is None
    assert limit("orphan_rate.too_far>+1%").figure(found) is not None
    nothing = compared(tmp_path, [], [])
    assert limit("error_rate>+1%").figure(nothing) is None
    assert limit("orphan_rate.lost>+1%").figure(nothing) is None


@pytest.mark.parametrize(
    ("kind", "metrics"),
    [("access", ("orphan_rate", "orphan_rate.lost", "responses", "pairs")), ("correlation", ("suspicious_ips",))],
)
def test_figures_that_runs_of_a_kind_never_have(kind: str, metrics: tuple[str, ...]) -> None:
    for metric in metrics:
        wrong: Limit = limit(f"{metric}>+1%")
        with pytest.raises(UsageError, match=metric):
            wrong.check(kind)
    for metric in ("p99", "error_rate", "malformed_rate", "requests", "negative_rate"):
        limit(f"{metric}>+1%").check(kind)


def test_conditions_on_access_logs(tmp_path: Path) -> None:
    from logcorr.query.compare.compare_runs import diff

    runs = [access_run(tmp_path / name, [Endpoint("/", 1000, errors)]) for name, errors in (("a", 10), ("b", 30))]
    found = diff(*runs)
    assert limit("error_rate>+1.9%").holds(found) is not None
    assert limit("error_rate_5xx>+1.9%").holds(found) is not None
    assert limit("error_rate_4xx>+0%").holds(found) is None
    assert limit("suspicious_ips>+0").holds(found) is None
