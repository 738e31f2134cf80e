"""The catalogue: every built-in profile reads its golden log as the oracle says, and recognises it."""

import json
import re
from typing import Any

import pytest

from tests.oracle.golden_formats import GOLDEN, as_text, profiles, reading
from tests.oracle.profile_oracle import read

PROFILES = profiles()
# Keys of a profile and of its rules that hold a field, or a table with one.
PARTS = ("time", "id", "user", "endpoint", "method", "ip", "user_agent", "status", "duration")


@pytest.mark.parametrize("name", PROFILES)
def test_a_golden_log_is_read_as_it_was(name: str) -> None:
    golden = (GOLDEN / f"{name}.json").read_text()
    raw = (GOLDEN / f"{name}.log").read_bytes()
    found = reading(PROFILES[name], json.loads(golden)["options"], raw)
    assert as_text(found) == golden, "look at it, then run python -m tests.oracle.golden_formats"


@pytest.mark.parametrize("name", PROFILES)
def test_a_golden_log_has_entries_of_every_event_of_its_profile(name: str) -> None:
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    events = {rule["event"] for rule in PROFILES[name]["rule"]} - {"ignore", "restart"}
    assert events <= {line["kind"] for line in golden["lines"]}


def test_every_golden_log_is_of_a_profile() -> None:
    assert (
        {path.stem for path in GOLDEN.glob("*.log")} == set(PROFILES) == {path.stem for path in GOLDEN.glob("*.json")}
    )


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_says_what_it_is_for(name: str) -> None:
    assert PROFILES[name]["about"]


def texts(value: Any, keys: tuple[str, ...]) -> list[str]:
    """The texts under some keys, anywhere in a table."""
    if isinstance(value, dict):
        own = [item for key, item in value.items() if key in keys and isinstance(item, str)]
        return own + [text for item in value.values() for text in texts(item, keys)]
    return [text for item in value for text in texts(item, keys)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", PROFILES)
def test_patterns_are_such_as_rust_has(name: str) -> None:
    for pattern in texts(PROFILES[name], ("match", "prefix", "pick")):
        assert not re.search(r"\(\?[=!<](?!P)|\\[1-9]|\(\?P=", pattern), pattern
        re.compile(pattern)
    for pick in texts(PROFILES[name], ("pick",)):
        assert re.compile(pick).groups == 1


@pytest.mark.parametrize("name", [name for name, table in PROFILES.items() if table["syntax"] == "text"])
def test_the_fields_of_a_text_are_groups_of_its_patterns(name: str) -> None:
    table = PROFILES[name]
    for rule in table["rule"]:
        groups = re.compile(rule["match"]).groupindex
        used = texts({key: rule[key] for key in PARTS if key in rule and key != "time"}, ("field", *PARTS))
        assert {text for text in used if not text.startswith("@")} <= {*groups}, rule


# Logs of these forms are the same lines; the general profile stands first.
ACCESS_LINES = {"combined", "common", "gunicorn", "lighttpd", "tomcat", "jetty", "varnish", "rack", "cherrypy"}


@pytest.mark.parametrize("name", [name for name in PROFILES if "refusal" not in PROFILES[name]])
def test_no_other_profile_reads_as_much_of_a_golden_log(name: str) -> None:
    options = json.loads((GOLDEN / f"{name}.json").read_text())["options"]
    raw = (GOLDEN / f"{name}.log").read_bytes()

    def entries(other: str) -> int:
        found = read(PROFILES[other], [raw], head=options.get("head", ""))
        return sum(line.kind == "entry" for line in found)

    rivals = [other for other in PROFILES if other != name and not {other, name} <= ACCESS_LINES]
    assert max(map(entries, rivals)) < max(entries(name), 1) or "day" in options
