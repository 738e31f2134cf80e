"""Quick names: the words of the command line become a profile, and a wrong word is told."""

from typing import Any

import pytest

from logcorr.formats import quick_fields
from logcorr.formats.profile import Condition, Duration, Field, Status, Time
from logcorr.model.errors import UsageError


def test_requests_and_responses() -> None:
    profile = quick_fields.profile(
        "time=ts:epoch_ms id=rid,host status=code duration=took:ms endpoint=url user=who region=aws.region",
        "event=start,host",
        "event^=end",
        "json",
    )
    assert profile.is_pair
    assert profile.time == Time(field=Field(path="ts"), form="epoch_ms")
    assert profile.id == (Field(path="rid"), Field(path="host"))
    assert (profile.user, profile.endpoint) == (Field(path="who"), Field(path="url"))
    assert profile.attributes == {"region": Field(path="aws.region")}
    request, response = profile.rules
    assert request.where == (Condition(path="event", values=("start",)), Condition(path="host", exists=True))
    assert (request.status, request.duration) == (None, None)
    assert response.where == (Condition(path="event", prefix="end"),)
    assert response.status == Status(field=Field(path="code"), null_is_none=True)
    assert response.duration == Duration(field=Field(path="took"), unit="ms")


def test_exchanges_and_single_sides() -> None:
    assert [rule.event for rule in quick_fields.profile("time=t status=200", syntax="csv").rules] == ["exchange"]
    assert quick_fields.profile("time=t status=200", syntax="csv").rules[0].status == Status(always=200)
    request = quick_fields.profile("time=t id=i status=s", syntax="logfmt", side="request")
    assert [(rule.event, rule.status) for rule in request.rules] == [("request", None)]
    response = quick_fields.profile("time=previous id=i status=s", syntax="logfmt", side="response")
    assert [rule.event for rule in response.rules] == ["response"]
    assert response.time == Time(kind="previous")


def test_a_form_may_have_blanks() -> None:
    profile = quick_fields.profile("'time=at:%Y-%m-%d %H:%M:%S' status=s", syntax="json")
    assert profile.time == Time(field=Field(path="at"), form="%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("fields", "more", "said"),
    [
        ("time", {}, "'time' is not NAME=PATH"),
        ("time=a time=b", {}, "'time' stands there twice"),
        ("", {}, "names no field"),
        ("'time=a", {}, "no closing quotation"),
        ("time=a duration=d", {}, "duration=d lacks its unit, as in duration=d:ms"),
        ("time=a duration=d:min", {}, "'min' is unknown"),
        ("time=a:epoch", {}, "'epoch' is unknown; the nearest is 'epoch_"),
        ("time=a", {"where_request": "a"}, "--where-response is missing"),
        ("time=a", {"where_response": "a"}, "--where-request is missing"),
        ("time=a", {"where_request": "a", "where_response": "b"}, "a request needs an id"),
        ("time=a id=i", {"where_request": "=a", "where_response": "b"}, "--where-request: '=a' is not PATH=VALUE"),
        ("time=a id=i", {"where_request": "a=1,a=2", "where_response": "b"}, "--where-request: 'a' stands there twice"),
        ("time=a", {"side": "request"}, "a request needs an id"),
        ("time=a", {"syntax": "text"}, "--fields is for JSON, logfmt and csv"),
    ],
)
def test_a_wrong_word_is_told(fields: str, more: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as error:
        quick_fields.profile(fields, **{"syntax": "json", **more})
    assert said in str(error.value)
