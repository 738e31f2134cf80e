"""The jobs make of the catalogue's golden logs the exchanges, orphans and counts that the golden files tell."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.golden_formats import GOLDEN, profiles
from tests.support.helpers import succeed
from tests.support.kernels_or_numpy import some

GOLD = {name: json.loads((GOLDEN / f"{name}.json").read_text()) for name in profiles()}
PAIRS = tuple(name for name in GOLD if "pairs" in GOLD[name])
EXCHANGES = tuple(
    name
    for name in GOLD
    if "pairs" not in GOLD[name] and "refusal" not in profiles()[name] and name not in ("iis", "uvicorn")
)


def words_of(name: str) -> list[str]:
    """The options that a log is read with."""
    options = GOLD[name]["options"]
    date = ["--date", options["day"]] if "day" in options else []
    head = ["--unwrap", options["head"]] if "head" in options else []
    return [str(GOLDEN / f"{name}.log"), "--format", name, "--no-store", *date, *head]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("name", some(PAIRS, *PAIRS[::4]))
def test_pairs(name: str, tmp_path: Path) -> None:
    gold, lines = GOLD[name], GOLD[name]["lines"]
    outputs = ("-o", "x.ndjson", "--columns", "request_line,response_line,duration_us", "--orphans", "o.ndjson")
    succeed("correlate", *words_of(name), *outputs, "--report", "r.json", cwd=tmp_path)
    found = rows(tmp_path / "x.ndjson")
    assert sorted([one["request_line"], one["response_line"]] for one in found) == gold["pairs"]
    orphans = rows(tmp_path / "o.ndjson")
    for side in ("request", "response"):
        assert sorted(one["line"] for one in orphans if one["side"] == side) == gold["orphans"][f"{side}s"]
    for one in found:
        request, response = (lines[one[f"{side}_line"] - 1] for side in ("request", "response"))
        assert one["status_code"] == response.get("status")
        assert one["request_id"] == request["id"] == response["id"]
        assert one["user_id"] == request.get("user", response.get("user"))
        if "at" in request:
            assert one["duration_us"] == response["at"] - request["at"]
        else:
            assert one["duration_us"] == response["given_us"]
    inputs = json.loads((tmp_path / "r.json").read_text())["inputs"]
    assert inputs["responses"]["surplus"] == len(gold["surplus"])
    kinds = [line["kind"] for line in lines]
    assert inputs["log"]["other"] == kinds.count("other")
    assert sum(inputs["log"]["malformed"].values()) == kinds.count("malformed")
    assert (inputs["log"]["requests"], inputs["log"]["responses"]) == (kinds.count("request"), kinds.count("response"))


@pytest.mark.parametrize("name", some(EXCHANGES, *EXCHANGES[::8]))
def test_exchanges(name: str, tmp_path: Path) -> None:
    lines = GOLD[name]["lines"]
    outputs = ("-o", "x.ndjson", "--columns", "duration_us,line", "--malformed", "m.ndjson")
    succeed("analyze", *words_of(name), *outputs, "--report", "r.json", cwd=tmp_path)
    found = {one["line"]: one for one in rows(tmp_path / "x.ndjson")}
    for number, line in enumerate(lines, 1):
        assert (line["kind"] == "exchange") is (number in found), number
        if number in found:
            one = found[number]
            assert (one["status_code"], one["duration_us"]) == (line.get("status"), line.get("given_us"))
            # The oracle leaves the host of a target in its place.
            keys = ("method", "ip", "user_agent", *(["endpoint"] if "://" not in line.get("endpoint", "") else []))
            for key in keys:
                assert (one[key] or "").replace("\\", "") == line.get(key, "").replace("\\", "")
    broken = {one["line"]: one["reason"] for one in rows(tmp_path / "m.ndjson")}
    assert broken == {number: line["reason"] for number, line in enumerate(lines, 1) if line["kind"] == "malformed"}
