"""Logs of the other kind: the error names the format that reads them and the command that takes them."""

from pathlib import Path

from tests.support import app_logs
from tests.support.helpers import assert_short_error, logcorr

COMBINED = '192.0.2.7 - - [01/Mar/2026:10:00:0%d +0000] "GET /cart HTTP/1.1" 200 512 "-" "curl/8.5"'


def test_exchanges_where_pairs_are_wanted(tmp_path: Path) -> None:
    app_logs.write(tmp_path / "clear.log", [COMBINED % number for number in range(9)])
    assert_short_error(logcorr("correlate", "clear.log", cwd=tmp_path), "whole exchanges. Use `logcorr analyze`")
    # Most lines are of another logger.
    among = [line for number in range(9) for line in (COMBINED % number, "[INFO] a worker", "[INFO] is alive")]
    app_logs.write(tmp_path / "among.log", among)
    assert_short_error(logcorr("correlate", "among.log", cwd=tmp_path), "whole exchanges. Use `logcorr analyze`")


def test_pairs_where_exchanges_are_wanted(tmp_path: Path) -> None:
    asked, _ = app_logs.morgan()
    app_logs.write(tmp_path / "requests.log", asked)
    assert_short_error(logcorr("analyze", "requests.log", cwd=tmp_path), "requests and responses. Use `logcorr corr")
