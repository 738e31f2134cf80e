"""`--fail-if`: how a condition is read, and when it holds for a report."""

import math

import msgspec
import pytest

from logcorr.model.errors import UsageError
from logcorr.model.ledger import Orphans
from logcorr.model.report import Latency, Report
from logcorr.query import fail_if
from logcorr.query.fail_if import Condition
from tests.support.access_reports import busy as busy_access_report
from tests.support.pair_reports import busy as busy_report

NO_LATENCY = dict.fromkeys(("min_ms", "mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms"), None)
LATENCY_OF_NOTHING = Latency(count=0, negative=0, accuracy="exact", **NO_LATENCY)


def condition(text: str) -> Condition:
    return fail_if.condition(text, "correlation")


@pytest.mark.parametrize(
    ("text", "metric", "sign", "limit", "unit"),
    [
        ("p99>500ms", "p99", ">", 500.0, " ms"),
        ("p50>=1.5s", "p50", ">=", 1500.0, " s"),
        ("p999 < 250us", "p999", "<", 0.25, " us"),
        (" p95<=1m ", "p95", "<=", 60_000.0, " m"),
        ("p90>0ms", "p90", ">", 0.0, " ms"),
        ("orphan_rate>1%", "orphan_rate", ">", 0.01, " %"),
        ("malformed_rate>0.001", "malformed_rate", ">", 0.001, ""),
        ("error_rate>=100%", "error_rate", ">=", 1.0, " %"),
        ("negative_rate<=0", "negative_rate", "<=", 0.0, ""),
    ],
)
def test_conditions(text: str, metric: str, sign: str, limit: float, unit: str) -> None:
    read = condition(text)
    assert (read.text, read.metric, read.sign) == (text, metric, sign)
    assert math.isclose(read.limit, limit, rel_tol=1e-12)
    assert read.unit == unit


@pytest.mark.parametrize(
    "text",
    [
        *("", "p99", "p99>", ">5ms", "p98>5ms", "p99=5ms", "p99==5ms", "p99!=5ms", "p99>>5ms", "p99=>5ms", "P99>5ms"),
        *("p99>5", "p99>5%", "p99>-5ms", "p99>5ms<6ms", "orphan_rate>5ms", "orphan_rate>%", "orphan_rate>1%%"),
        *("orphan_rate>one", "latency>5ms", "p99>5ms and p50>1ms", "orphan_rate>nan", "error_rate<NaN%"),
    ],
)
def test_no_conditions(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        condition(text)
    assert len(str(caught.value).splitlines()) == 1


def report(**latency: float | None) -> Report:
    """A report whose percentiles are as told."""
    whole: Report = busy_report()
    return msgspec.structs.replace(whole, latency=msgspec.structs.replace(whole.latency, **latency))


@pytest.mark.parametrize(
    ("sign", "held"), [(">", (False, False, True)), (">=", (False, True, True)), ("<", (True, False, False))]
)
def test_a_condition_at_its_limit(sign: str, held: tuple[bool, bool, bool]) -> None:
    values = (499.999, 500.0, 500.001)
    found = [condition(f"p99{sign}500ms").holds(report(p99_ms=value)) for value in values]
    assert found == [value if holds else None for value, holds in zip(values, held, strict=True)]


@pytest.mark.parametrize("metric", ["p50", "p90", "p95", "p99", "p999"])
def test_each_percentile_looks_at_its_own_figure(metric: str) -> None:
    values: dict[str, float | None] = {f"{name}_ms": 1.0 for name in ("p50", "p90", "p95", "p99", "p999")}
    assert condition(f"{metric}>1ms").holds(report(**values)) is None
    assert condition(f"{metric}>1ms").holds(report(**values | {f"{metric}_ms": 2.0})) == 2.0


def test_a_figure_that_is_not_there_never_holds() -> None:
    nothing = report(**NO_LATENCY)
    for sign in (">", ">=", "<", "<="):
        assert condition(f"p99{sign}0ms").holds(nothing) is None


def test_rates() -> None:
    whole = busy_report()
    sides = [
        msgspec.structs.replace(
            side, lines=lines, matched=80, orphans=orphans, malformed={"fields": 3, "encoding": bad}
        )
        for side, lines, orphans, bad in (
            (whole.inputs.requests, 100, 12, 1),
            (whole.inputs.responses, 100, 8, 0),
        )
    ]
    status = {"200": 70, "302": 2, "404": 1, "503": 2, "999": 1, "0": 2, "none": 2}
    skew = msgspec.structs.replace(whole.skew, share=0.25)
    inputs = msgspec.structs.replace(whole.inputs, requests=sides[0], responses=sides[1])
    orphans_of_sides = Orphans(request={"lost": 10, "in_flight": 2}, response={"lost": 8})
    whole = msgspec.structs.replace(whole, inputs=inputs, status=status, skew=skew, orphans=orphans_of_sides)
    expected = {"orphan_rate": 0.2, "malformed_rate": 7 / 200, "error_rate": 0.1, "negative_rate": 0.25}
    for metric, value in expected.items():
        assert condition(f"{metric}>=0").holds(whole) == value
        assert condition(f"{metric}>99%").holds(whole) is None
    assert expected.keys() | {"p50", "p90", "p95", "p99", "p999"} == set(fail_if.METRICS["correlation"])


def test_figures_of_access_logs() -> None:
    whole = busy_access_report()
    ledger = msgspec.structs.replace(whole.inputs.access, lines=100, malformed={"json": 3, "encoding": 2})
    latency = msgspec.structs.replace(whole.latency, count=30, negative=10, p99_ms=7.0)
    whole = msgspec.structs.replace(
        whole,
        inputs=msgspec.structs.replace(whole.inputs, access=ledger),
        latency=latency,
        total_requests=80,
        failed_requests=20,
    )
    expected = {"malformed_rate": 0.05, "error_rate": 0.25, "negative_rate": 0.25, "p99": 7.0}
    for metric, value in expected.items():
        limit = "0ms" if metric == "p99" else "0"
        assert fail_if.condition(f"{metric}>{limit}", "access").holds(whole) == value
    assert {*expected, "p50", "p90", "p95", "p999"} == set(fail_if.METRICS["access"])
    assert (
        fail_if.condition("p50>0ms", "access").holds(msgspec.structs.replace(whole, latency=LATENCY_OF_NOTHING)) is None
    )


def test_rates_of_an_empty_access_log_are_zero() -> None:
    whole = busy_access_report()
    ledger = msgspec.structs.replace(whole.inputs.access, lines=0, malformed={})
    inputs = msgspec.structs.replace(whole.inputs, access=ledger)
    whole = msgspec.structs.replace(
        whole, inputs=inputs, latency=LATENCY_OF_NOTHING, total_requests=0, failed_requests=0
    )
    for metric in ("malformed_rate", "error_rate", "negative_rate"):
        assert fail_if.condition(f"{metric}<=0", "access").holds(whole) == 0.0


def test_access_logs_have_no_orphans() -> None:
    with pytest.raises(UsageError, match=r"such as 'p99>500ms' or 'error_rate>1%'"):
        fail_if.condition("orphan_rate>1%", "access")


def test_rates_of_nothing_are_zero() -> None:
    whole = busy_report()
    empty = {"lines": 0, "matched": 0, "orphans": 0, "malformed": {}}
    inputs = msgspec.structs.replace(
        whole.inputs,
        requests=msgspec.structs.replace(whole.inputs.requests, **empty),
        responses=msgspec.structs.replace(whole.inputs.responses, **empty),
    )
    whole = msgspec.structs.replace(whole, inputs=inputs, status={}, orphans=Orphans(request={}, response={}))
    for metric in ("orphan_rate", "malformed_rate", "error_rate"):
        assert condition(f"{metric}<=0").holds(whole) == 0.0
        assert condition(f"{metric}>0").holds(whole) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("p99>2s", "p99 is 4.6 s, over 2 s"),
        ("p99>500ms", "p99 is 4600 ms, over 500 ms"),
        ("p50>500ms", "p50 is 500.001 ms, over 500 ms"),
        ("p95>=500ms", "p95 is 500 ms, 500 ms or more"),
        ("p95<=500ms", "p95 is 500 ms, 500 ms or less"),
        ("p99<10s", "p99 is 4.6 s, under 10 s"),
        ("p99<1s", "p99 is 4.6 s"),
        ("error_rate>0.1%", "error_rate is 5.02 %, over 0.1 %"),
        ("error_rate>0.001", "error_rate is 0.0502, over 0.001"),
        ("orphan_rate>99%", "orphan_rate is 0.426 %"),
        ("p99>250us", "p99 is 4600000 us, over 250 us"),
    ],
)
def test_figures_are_told_in_the_units_that_were_asked(text: str, words: str) -> None:
    assert condition(text).in_words(report(p99_ms=4600.0, p50_ms=500.001, p95_ms=500.0)) == words


def test_of_a_run_narrowed_to_nothing_only_lines_are_judged() -> None:
    whole = busy_report()
    options = {**whole.run.options, "since": "20:00"}
    nothing = msgspec.structs.replace(
        whole,
        status={},
        orphans=Orphans(request={}, response={}),
        latency=LATENCY_OF_NOTHING,
        run=msgspec.structs.replace(whole.run, options=options),
    )
    texts = ("error_rate>=0", "orphan_rate>=0", "p99>0ms", "malformed_rate>=0%")
    verdicts = fail_if.judge([condition(text) for text in texts], nothing)
    assert [one.outcome for one in verdicts] == ["unjudged", "unjudged", "unjudged", "failed"]
    assert verdicts[0].reason == "no exchange is within --since, --until and --where"
    assert " % of all lines, " in verdicts[3].reason
