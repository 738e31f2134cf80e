"""`logcorr tell`: one object of JSON on stdout, whatever the logs are; it is not listed."""

from pathlib import Path

import msgspec

from logcorr.model.told import Told
from tests.support import app_logs
from tests.support.helpers import assert_short_error, logcorr, succeed


def test_what_logs_are_taken_for(tmp_path: Path) -> None:
    app_logs.write(tmp_path / "app.log", app_logs.fastify())
    for name, lines in zip(("req.log", "resp.log"), app_logs.morgan(), strict=True):
        app_logs.write(tmp_path / name, lines)
    one = msgspec.json.decode(succeed("tell", "app.log", cwd=tmp_path).out, type=Told)
    assert (one.kind, one.logs["log"].format) == ("pairs", "fastify")
    named = msgspec.json.decode(succeed("tell", "--format", "pino-http", "app.log", cwd=tmp_path).out, type=Told)
    assert named.kind == "exchanges"
    two = succeed("tell", "--requests", "req.log", "--responses", "resp.log", cwd=tmp_path)
    assert set(msgspec.json.decode(two.out, type=Told).logs) == {"request", "response"}
    assert "no such file" in str(msgspec.json.decode(succeed("tell", "nowhere.log", cwd=tmp_path).out, type=Told).error)


def test_wrong_words_are_refused(tmp_path: Path) -> None:
    assert_short_error(logcorr("tell", cwd=tmp_path), "give LOGS")
    assert b"tell" not in succeed("--help", cwd=tmp_path).out
