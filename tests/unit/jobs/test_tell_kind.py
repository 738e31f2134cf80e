"""The kind of a log by its lines: requests and responses, or exchanges; with the errors that the jobs have."""

from pathlib import Path

import pytest

from logcorr.inputs.files import resolve
from logcorr.jobs.tell_kind import kind_of
from logcorr.model.errors import InputError, UsageError
from logcorr.model.options import Reading
from logcorr.model.told import Kind
from tests.support import app_logs

OWN_FORMATS = """
[mine]
syntax = "json"
time = { field = "time", form = "epoch_ms" }
[[mine.rule]]
event = "exchange"
where = { msg = "request completed" }
status = "res.statusCode"
"""


def told(folder: Path, *logs: list[str], form: str | None = None, reading: Reading | None = None) -> Kind:
    paths = [app_logs.write(folder / f"{number}.log", lines) for number, lines in enumerate(logs)]
    return kind_of(resolve("log", tuple(paths)), reading or Reading(), form)


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (app_logs.fastify(), "pairs"),
        (app_logs.in_docker(app_logs.fastify()), "pairs"),
        (app_logs.combined(), "exchanges"),
        (app_logs.morgan()[0], "pairs"),
        (app_logs.awslambda(), "pairs"),
    ],
    ids=["fastify", "docker", "combined", "morgan", "lambda"],
)
def test_a_log_tells_its_kind(lines: list[str], kind: Kind, tmp_path: Path) -> None:
    assert told(tmp_path, lines) == kind


def test_a_format_that_is_named_tells_the_kind(tmp_path: Path) -> None:
    assert told(tmp_path, app_logs.fastify(), form="pino-http") == "exchanges"
    assert told(tmp_path, app_logs.fastify(), form="fastify") == "pairs"
    own = tmp_path / "own.toml"
    own.write_text(OWN_FORMATS, encoding="utf8")
    assert told(tmp_path, app_logs.fastify(), form="mine", reading=Reading(files=(str(own),))) == "exchanges"


def test_names_of_fields_tell_the_kind(tmp_path: Path) -> None:
    fields = "time=time:epoch_ms id=reqId status=res.statusCode"
    both = Reading(fields=fields, where_request="msg=incoming request", where_response="msg=request completed")
    assert told(tmp_path, app_logs.fastify(), reading=both) == "pairs"
    one = Reading(fields="time=time:epoch_ms status=level")
    assert told(tmp_path, app_logs.fastify(), reading=one) == "exchanges"


def test_files_of_several_formats_are_told_by_the_first(tmp_path: Path) -> None:
    ndjson = ['{"timestamp":"2026-03-04T09:00:00Z","method":"GET","endpoint":"/a","status_code":200}'] * 40
    assert told(tmp_path, app_logs.combined(40), ndjson) == "exchanges"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["hello", "world"], "no line is of a known format"),
        ([], "no line to tell the format by"),
        (["", "  "], "no line to tell the format by"),
        (app_logs.refused(), "log_tags"),
    ],
    ids=["unknown", "empty", "blank", "refused"],
)
def test_what_cannot_be_told_says_why(lines: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        told(tmp_path, lines)


def test_a_clock_without_a_date_wants_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--date YYYY-MM-DD"):
        told(tmp_path, app_logs.dateless())
    assert told(tmp_path, app_logs.dateless(), reading=Reading(date="2026-03-04")) == "pairs"


def test_a_format_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no format 'fastyfi'; the nearest are fastify"):
        told(tmp_path, app_logs.fastify(), form="fastyfi")
