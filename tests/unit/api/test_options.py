"""Options: the command line and Python come to the same, and what cannot be an option says so."""

import datetime as dt
import os
from pathlib import Path
from typing import Any

import click
import pytest

import logcorr
from logcorr.api import options, values
from logcorr.api.values import AnalyzeKeywords, CorrelateKeywords, ReadingKeywords
from logcorr.commands.analyze import analyze as analyze_command
from logcorr.commands.correlate import _options
from logcorr.commands.correlate import correlate as correlate_command
from logcorr.compute import resources
from logcorr.model.errors import UnknownOption, UsageError

MEMORY = 600_000_000
WORDS_AND_KEYWORDS: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    (["--window", "30s"], {"window": "30s"}),
    (["--window", "1.5m"], {"window": dt.timedelta(seconds=90)}),
    (["--max-duration", "2s", "--edge", "250ms"], {"max_duration": "2s", "edge": dt.timedelta(milliseconds=250)}),
    (["--skew", "-1500"], {"skew": "-1.5s"}),
    (["--skew", "0.25"], {"skew": dt.timedelta(microseconds=250)}),
    (["--skew", "-2000"], {"skew": dt.timedelta(seconds=-2)}),
    (["--zone", "+05:30", "--date", "2026-03-04"], {"zone": "+05:30", "date": dt.date(2026, 3, 4)}),
    (["--client", "-2", "--unwrap", "cri,docker"], {"client": -2, "unwrap": ["cri", "docker"]}),
    (["--unwrap", "none"], {"unwrap": "none"}),
    (["--threads", "3", "--suspicious", "9", "--collapse-ids"], {"threads": 3, "suspicious": 9, "collapse_ids": True}),
    (["--pairing", "nearest", "--duration", "given"], {"pairing": "nearest", "duration": "given"}),
    (
        ["--format", "rails", "--formats", "a.toml", "--formats", "b.toml"],
        {"format": "rails", "formats": ["a.toml", Path("b.toml")]},
    ),
    (
        ["--requests-format", "rails", "--responses-format", "nginx"],
        {"requests_format": "rails", "responses_format": "nginx"},
    ),
    (
        ["--fields", "id=rid", "--where-request", "ev=a", "--where-response", "ev=b"],
        {"fields": "id=rid", "where_request": "ev=a", "where_response": "ev=b"},
    ),
    (["--no-store"], {"keep": False}),
    (
        ["--since", "12:15", "--until", "-5m", "--tz", "Asia/Tokyo"],
        {"since": "12:15", "until": "-5m", "tz": "Asia/Tokyo"},
    ),
    (
        ["--since", "2026-03-04T05:06:07+00:00", "--where", "status>=500"],
        {"since": dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC), "where": "status>=500"},
    ),
    (["--collapse", "^/a=A", "--collapse", "b=B"], {"collapse": ["^/a=A", "b=B"]}),
    (["--store", os.path.abspath("runs")], {"store": "runs"}),  # noqa: PTH100 - as the API does
]


def parsed(command: click.Command, words: list[str]) -> dict[str, Any]:
    return command.make_context("logcorr", [*words, "--memory", str(MEMORY) + "B"]).params


def asked(given: dict[str, Any], known: type) -> dict[str, Any]:
    """The values of keywords, with the memory as the command line counts it."""
    return {**values.values_of("f", given, known), "memory": MEMORY, "held_bytes": 0}


@pytest.mark.parametrize(("words", "keywords"), WORDS_AND_KEYWORDS)
def test_the_command_line_and_python_come_to_the_same(words: list[str], keywords: dict[str, Any]) -> None:
    params = parsed(correlate_command, ["a", "b", *words])
    from_words = _options(params.pop("logs"), params)
    logs = {"requests": values.words("requests", Path("a")), "responses": values.words("responses", ["b"])}
    from_python = options.correlate_options({**asked(keywords, CorrelateKeywords), **logs}, values.as_keyword)
    assert from_python == from_words


def test_every_option_of_a_job_is_in_both() -> None:
    # What only a command does: outputs, what is printed, how the process goes.
    only_words = {"logs", "output", "columns", "orphans", "malformed", "other", "report", "sort", "force", "raw_csv"}
    only_words |= {"progress", "end_with_stdin", "fail_if", "log", "requests", "responses"}
    spelled = {"form": "format", "no_store": "keep"}
    for command, known in ((correlate_command, CorrelateKeywords), (analyze_command, AnalyzeKeywords)):
        named = {spelled.get(str(param.name), str(param.name)) for param in command.params} - only_words
        missing = {*known.__annotations__} - named
        assert missing == set(), "every keyword is an option of the command"


def test_memory_is_what_the_run_takes_beside_the_process() -> None:
    before = resources.rss()
    found = values.values_of("correlate", {"memory": "512MB"}, CorrelateKeywords)
    assert (found["memory"], found["held_bytes"]) == (512_000_000, pytest.approx(before, rel=0.2))
    both = options.correlate_options({**found, "log": ("a.log",)}, values.as_keyword).memory_bytes
    assert both - 512_000_000 == pytest.approx(before, rel=0.2)
    default = options.correlate_options(
        {**values.values_of("correlate", {}, CorrelateKeywords), "log": ("a.log",)}, str
    )
    assert default.memory_bytes - resources.default_memory() == pytest.approx(before, rel=0.2)
    assert "memory" not in values.values_of("scan", {}, ReadingKeywords)


def test_a_misspelled_option_names_the_nearest(pair: Path) -> None:
    with pytest.raises(TypeError, match=r"correlate\(\) has no option 'widow'; the nearest is 'window'") as caught:
        logcorr.correlate(pair / "requests.log", pair / "responses.log", widow="1s")  # type: ignore[call-arg]
    assert isinstance(caught.value, UnknownOption)
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match=r"analyze\(\) has no option 'pairing'"):
        logcorr.analyze("a.log", pairing="nearest")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("keywords", "what"),
    [
        ({"window": 30}, "window: write a duration such as '30s', or give a timedelta, not 30"),
        ({"window": "30 parsecs"}, "window: '30 parsecs' is not a duration"),
        ({"window": "0s"}, "window must be more than 0"),
        ({"window": dt.timedelta(seconds=-1)}, "window must not be negative"),
        ({"edge": "-1s"}, "edge: '-1s' is not a duration"),
        ({"skew": 5}, "skew: write a duration"),
        ({"memory": "much"}, "memory: 'much' is not a size"),
        ({"memory": 0}, "memory must be more than 0"),
        ({"memory": 1.5}, "memory: write a size such as '512MB', or give bytes, not 1.5"),
        ({"memory": True}, "memory: write a size"),
        ({"threads": 0}, "threads must be more than 0"),
        ({"threads": "2"}, "threads: give a whole number, not '2'"),
        ({"suspicious": 0}, "suspicious must be more than 0"),
        ({"keep": "no"}, "keep: give True or False, not 'no'"),
        ({"pairing": "guess"}, "pairing 'guess': it is in-order, nearest, first or last"),
        ({"duration": "both"}, "duration 'both': it is events or given"),
        ({"zone": "Mars/Base"}, "zone 'Mars/Base': name a zone"),
        ({"zone": 1}, "zone: give a text, not 1"),
        ({"date": "4.3.2026"}, "date '4.3.2026': a date is written YYYY-MM-DD"),
        ({"client": "middle"}, "client 'middle': it is first, last"),
        ({"where_request": "a=b"}, "where_request and where_response go with fields"),
        ({"fields": "id=x", "format": "rails"}, "fields and format exclude each other"),
        ({"requests_format": "rails", "format": "rails"}, "requests_format and responses_format are for two logs"),
        ({"store": 7}, "store: give a path, not 7"),
        ({"formats": 7}, "formats: give a path, or a list of paths, not 7"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(keywords: dict[str, Any], what: str) -> None:
    with pytest.raises(UsageError) as caught:
        logcorr.correlate("requests.log", "responses.log", **keywords)
    assert what in str(caught.value)


@pytest.mark.parametrize(
    "logs", [{}, {"requests": "a"}, {"responses": "a"}, {"requests": "a", "responses": "b", "log": "c"}]
)
def test_logs_are_two_or_one_of_both_events(logs: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="takes requests and responses; or log="):
        logcorr.correlate(**logs)


def test_an_empty_list_is_no_log() -> None:
    with pytest.raises(UsageError, match="requests: the list is empty"):
        logcorr.correlate([], ["a.log"])
    with pytest.raises(UsageError, match="paths: the list is empty"):
        logcorr.analyze([])
    with pytest.raises(UsageError, match="paths: give a path, or a list of paths, not 5"):
        logcorr.analyze(5)  # type: ignore[arg-type]
