"""`--collapse` counts endpoints under names that the user gives, in access logs and in pairs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import app_logs
from tests.support.helpers import assert_short_error, kept, logcorr, succeed

PATHS = ["/users/1", "/users/2/orders", "/users/3", "/health", "/a/77", "/a/78"]
NAMED = {"/users/:id": 2, "/users/2/orders": 1, "/health": 1, "/a/77": 1, "/a/78": 1}
USERS = ("--collapse", "^/users/[^/]+$=/users/:id")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    lines = [
        f'{{"timestamp":"2026-03-04T09:00:0{n}Z","method":"GET","endpoint":"{path}?q={n}","status_code":200}}'
        for n, path in enumerate(PATHS)
    ]
    (tmp_path / "access.ndjson").write_text("\n".join(lines) + "\n")
    return tmp_path


def endpoints(report: dict[str, Any]) -> dict[str, int]:
    return {row["endpoint"]: row["requests"] for row in report["endpoints"]}


def test_endpoints_of_a_group_are_counted_under_its_name(here: Path) -> None:
    asked = "analyze", "access.ndjson", "--no-store", "--report", "-"
    assert endpoints(json.loads(succeed(*asked, *USERS, cwd=here).out)) == NAMED
    both = json.loads(succeed(*asked, *USERS, "--collapse-ids", "--collapse", "heal=up", cwd=here).out)
    assert endpoints(both) == {"/users/:id": 2, "/users/*/orders": 1, "up": 1, "/a/*": 2}
    assert both["run"]["options"]["collapse"] == [USERS[1], "heal=up"]


def test_a_run_with_groups_is_a_run_of_its_own(here: Path) -> None:
    for words in ((), USERS, USERS):
        succeed("analyze", "access.ndjson", *words, cwd=here)
    assert len(kept(here)) == 2


def test_endpoints_of_a_pair(tmp_path: Path) -> None:
    app_logs.write(tmp_path / "app.log", app_logs.fastify())
    asked = "correlate", "app.log", "--no-store", "--report", "-"
    whole = endpoints(json.loads(succeed(*asked, cwd=tmp_path).out))
    one = endpoints(json.loads(succeed(*asked, "--collapse", ".=all", cwd=tmp_path).out))
    assert one == {"all": sum(whole.values())}


def test_what_is_no_group_is_refused(here: Path) -> None:
    outcome = logcorr("analyze", "access.ndjson", "--collapse", "(=x", "--no-store", cwd=here)
    assert outcome.code == 2
    assert_short_error(outcome, "--collapse '(=x': '(' is no regular expression: unclosed group.")
    outcome = logcorr("analyze", "access.ndjson", "--collapse", "(?<=a)b=x", "--no-store", cwd=here)
    assert_short_error(outcome, "look-around, including look-ahead and look-behind, is not supported.")


def test_no_export_replaces_a_file_of_its_run(here: Path) -> None:
    succeed("analyze", "access.ndjson", cwd=here)
    (run,) = kept(here)
    before = (run / "report.json").read_bytes()
    outcome = logcorr("export", run.name, "--view", "errors", "-o", str(run / "report.json"), "--force", cwd=here)
    assert outcome.code == 3
    assert_short_error(outcome, "report.json")
    assert (run / "report.json").read_bytes() == before
