"""When a run says that its figures are doubtful, and when it does not."""

import pytest

from logcorr.model.ledger import AccessLedger, Inputs, LogFormat, LogLedger, SideLedger
from logcorr.query import report_warnings

OWN = LogFormat(name="logcorr", origin="built in")


def side(matched: int, orphans: int = 0, *, form: LogFormat | None = OWN, **malformed: int) -> SideLedger:
    return SideLedger(
        files=["a.log"],
        bytes=1,
        lines=matched + orphans + sum(malformed.values()) + 3,
        blank=2,
        header=1,
        malformed=malformed,
        redelivered=0,
        superseded=0,
        matched=matched,
        orphans=orphans,
        format=form,
    )


def said(requests: SideLedger, responses: SideLedger, *twice: str) -> list[str]:
    return report_warnings.of_pair(Inputs(requests=requests, responses=responses), twice)


@pytest.mark.parametrize(
    ("requests", "responses"),
    [
        (side(1000), side(1000)),
        (side(100, fields=24), side(100, status_code=24)),
        (side(3, fields=4), side(3)),
        (side(0), side(0)),
        (side(0, 5000), side(0, 19)),
        (side(20, 980), side(20, 980)),
    ],
)
def test_what_is_usual_is_not_told(requests: SideLedger, responses: SideLedger) -> None:
    assert said(requests, responses) == []


def test_malformed_lines_are_told_with_their_share() -> None:
    assert said(side(75, fields=20, encoding=5), side(75)) == [
        "25.0 % of the lines of the request log are malformed, most for their number of fields."
    ]


def test_swapped_logs_are_guessed_by_statuses_that_are_none() -> None:
    (text,) = said(side(5), side(5, status_code=1000, fields=10))
    assert text.endswith("most for their status code. Were the request log and the response log swapped?")
    other = LogFormat(name="fastify", origin="built in")
    (text,) = said(side(5), side(5, form=other, status_code=1000))
    assert "swapped" not in text


def test_one_file_on_both_sides() -> None:
    texts = said(side(5), side(5, status_code=1000), "both.log\x1b[31m")
    assert texts[0] == "both.log␛[31m is read as a request log and as a response log."
    assert "swapped" not in texts[1]


def test_logs_that_do_not_belong_together() -> None:
    (text,) = said(side(0, 500), side(0, 400))
    assert text.startswith("None of 500 requests have a response, although there are 400 responses. Are both logs of ")
    assert said(side(7, 493), side(7, 393))[0].startswith("Only 7 of 500 requests have a response")


@pytest.mark.parametrize(
    ("requests", "responses", "told"),
    [
        (300, 0, "The log has 300 requests and no response. If responses are in another log, name both: "),
        (0, 1000, "The log has 1,000 responses and no request. If requests are in another log, name both: "),
        (19, 0, ""),
        (300, 1, ""),
        (0, 0, ""),
    ],
)
def test_one_log_with_one_side_alone(requests: int, responses: int, told: str) -> None:
    log = LogLedger(
        files=["app.log"],
        bytes=1,
        lines=requests + responses,
        blank=0,
        header=0,
        other=0,
        malformed={},
        requests=requests,
        responses=responses,
    )
    sides = [SideLedger(redelivered=0, superseded=0, matched=0, orphans=count) for count in (requests, responses)]
    found = report_warnings.of_pair(Inputs(log=log, requests=sides[0], responses=sides[1]), [])
    assert found == ([f"{told}REQUESTS RESPONSES."] if told else [])


def test_one_log_of_both_events_and_access_logs() -> None:
    log = LogLedger(
        files=["app.log"],
        bytes=1,
        lines=100,
        blank=0,
        header=0,
        other=0,
        malformed={"json": 60},
        requests=20,
        responses=20,
    )
    none = SideLedger(redelivered=0, superseded=0, matched=20, orphans=0)
    assert report_warnings.of_pair(Inputs(log=log, requests=none, responses=none), []) == [
        "60.0 % of the lines of the log are malformed, most for their JSON."
    ]
    access = AccessLedger(files=["a"], bytes=1, lines=1000, blank=0, malformed={"timestamp": 998}, exchanges=2)
    assert report_warnings.of_access(access) == [
        "99.8 % of the lines of the log are malformed, most for their timestamp."
    ]
