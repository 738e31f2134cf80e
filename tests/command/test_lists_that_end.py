"""Lists that end early say so: in the report, in the summary, and with how to get all of them."""

import json
from pathlib import Path

from tests.support.helpers import succeed

ENDPOINTS = 1_100


def test_endpoints_that_are_not_all_listed(tmp_path: Path) -> None:
    lines = [
        json.dumps(
            {
                "timestamp": "2025-11-21T14:00:00Z",
                "endpoint": f"/p/{k}",
                "status_code": 500 - k % 2 * 300,
                "ip": f"10.0.{k % 9}.1",
            }
        )
        for k in range(ENDPOINTS)
    ]
    (tmp_path / "access.ndjson").write_text("\n".join(lines) + "\n")
    report = json.loads(succeed("analyze", "access.ndjson", "--report", "-", cwd=tmp_path).out)
    assert (report["endpoints_total"], report["endpoints_listed"], len(report["endpoints"])) == (ENDPOINTS, 1000, 1000)
    assert (report["failing_endpoints_total"], report["failing_endpoints_listed"]) == (ENDPOINTS // 2, 100)
    assert (report["ips_total"], report["ips_listed"]) == (9, 9)
    assert (report["methods_total"], report["methods_listed"]) == (1, 1)
    shown = succeed("analyze", "access.ndjson", cwd=tmp_path).out.decode()
    assert "Endpoints · first 10 of 1,100 by requests" in shown
    whole = next(line for line in shown.splitlines() if line.startswith(" whole lists "))
    run = whole.split()[4]
    assert whole.split()[2:] == ["logcorr", "export", run, "--view", "endpoints", "-o", "FILE"]
    exported = succeed("export", run, "--view", "endpoints", "-o", "-", cwd=tmp_path).out.splitlines()
    assert len(exported) == ENDPOINTS
    not_kept = succeed("analyze", "access.ndjson", "--no-store", cwd=tmp_path).out.decode()
    assert "whole lists" not in not_kept


def test_lists_of_a_pair(tmp_path: Path) -> None:
    requests = [f"2025-11-21T14:00:{k % 60:02d}.{k:03d}Z,req-{k},user-{k % 150}\n" for k in range(300)]
    responses = [f"2025-11-21T14:01:{k % 60:02d}.{k:03d}Z,req-{k},200\n" for k in range(300)]
    (tmp_path / "requests.log").write_text("".join(requests))
    (tmp_path / "responses.log").write_text("".join(responses))
    logs = "requests.log", "responses.log"
    report = json.loads(succeed("correlate", *logs, "--report", "-", cwd=tmp_path).out)
    assert (report["users_total"], report["users_listed"], len(report["users"])) == (150, 100, 100)
    assert (report["slowest_total"], report["slowest_listed"], len(report["slowest"])) == (300, 100, 100)
    shown = succeed("correlate", *logs, cwd=tmp_path).out.decode()
    assert "Busiest users · first 5 of 150" in shown
    assert "Slowest · first 5 of 300" in shown
    assert "--view users -o FILE" in shown


def test_a_check_mark_is_one_where_the_encoding_has_one(tmp_path: Path) -> None:
    (tmp_path / "r.log").write_text("2025-11-21T14:00:00Z,a,u\n")
    (tmp_path / "s.log").write_text("2025-11-21T14:00:01Z,a,200\n")
    assert "✓ complete" in succeed("correlate", "r.log", "s.log", cwd=tmp_path).out.decode()
