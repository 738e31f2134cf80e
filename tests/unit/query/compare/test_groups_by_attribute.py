"""Two correlations are compared by every attribute that exchanges of both have, and by no status."""

from pathlib import Path

import pytest

from logcorr.model.diff import Diff
from logcorr.query.compare.compare_runs import diff
from logcorr.query.compare.fail_if import limit
from logcorr.render.diff_summary import got_worse, render_diff
from logcorr.runs.run_folder import RunFolder
from tests.support.attribute_runs import Pair, made


def run(folder: Path, *, failing: str, status: int | None, slow: int = 1) -> RunFolder:
    """A run of three tenants and two endpoints, in which the exchanges of one tenant have a status."""
    pairs = [
        Pair(
            at=number * 1_000,
            took=(slow if endpoint == "/slow" else 1) * (1_000 + number % 97 * 10),
            status_code=status if tenant == failing else 200,
            endpoint=endpoint,
            tenant=tenant,
        )
        for number in range(600)
        for endpoint in ("/slow", "/fast")
        for tenant in ("blue", "green", None)
    ]
    return made(folder, pairs, attributes=("endpoint", "tenant"))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Diff:
    """In B the green tenant gets no status, and one endpoint is nine times as slow."""
    folder = tmp_path_factory.mktemp("runs")
    return diff(
        run(folder / "a", failing="nobody", status=None), run(folder / "b", failing="green", status=None, slow=9)
    )


def test_endpoints_come_first_where_a_log_tells_no_users(found: Diff) -> None:
    assert [groups.key for groups in (found.groups, *found.more)] == ["endpoint", "tenant"]
    assert (found.groups.a, found.groups.slower) == (2, 1)
    assert found.groups.by_latency[0].name == "/slow"
    assert found.groups.rows[0].failure_rate_a == 0


def test_attributes_of_the_user_are_compared_too(found: Diff) -> None:
    tenants = found.more[0]
    assert (tenants.a, tenants.b, tenants.worse, tenants.by_latency) == (3, 3, 1, [])
    worst = tenants.rows[0]
    assert (worst.name, worst.verdict, worst.errors_b, worst.requests_b) == ("green", "worse", 1200, 1200)
    assert worst.extra_failures == 1200


def test_no_status_is_a_rate_of_its_own(found: Diff) -> None:
    figures = {figure.name: figure for figure in found.figures}
    assert (figures["error_rate.none"].a, figures["error_rate.none"].b) == (0, 1 / 3)
    assert figures["error_rate.none"].verdict == "worse"
    assert figures["error_rate_5xx"].verdict == "same"
    status = {row.code: (row.a, row.b, row.verdict) for row in found.statuses}
    assert status["none"] == (0, 1200, "new")
    assert found.statuses[0].code == "none"
    assert limit("error_rate.none>+1%").holds(found) is not None


def test_the_summary_shows_what_changed(found: Diff) -> None:
    text = render_diff(found, width=120, color=False)
    for words in ("Tenants by failures", "green", "Endpoints by latency", "/slow", "no status", "No status"):
        assert words in text
    assert "blue" not in text
    assert got_worse(found)


def test_equal_runs_have_nothing_to_show_of_further_attributes(tmp_path: Path) -> None:
    same = diff(*(run(tmp_path / name, failing="green", status=503) for name in "ab"))
    assert "Tenants" not in render_diff(same, width=120, color=False)
    assert not got_worse(same)


def test_only_attributes_of_both_runs_are_compared(tmp_path: Path) -> None:
    runs = [made(tmp_path / name, [Pair(1, 1, 200, tenant="blue")], attributes=attributes) for name, attributes in
            (("a", ("tenant", "method")), ("b", ("method", "ip")))]  # fmt: skip
    assert [groups.key for groups in diff(*runs).more] == ["method"]
