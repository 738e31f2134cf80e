"""The files that are made of a whole run: `--html`, `--openmetrics` and `--junit`, which several commands have."""

from collections.abc import Sequence
from typing import Any, TypeVar

import click
import msgspec

from logcorr.model.errors import UsageError
from logcorr.model.options import Document, JobOptions
from logcorr.query import fail_if

_Options = TypeVar("_Options", bound=JobOptions)


def _file(_context: Any, option: click.Parameter, path: str | None) -> str | None:
    """The path as it was given. Raises UsageError for standard output."""
    if path == "-":
        message = f"{option.opts[0]} writes a file. Name one."
        raise UsageError(message)
    return path


HTML = click.option(
    "--html",
    type=click.Path(),
    callback=_file,
    help="The report as one HTML page that loads nothing: for mail and tickets.",
)
OPENMETRICS = click.option(
    "--openmetrics", type=click.Path(), callback=_file, help="Counts and latency as metrics for Prometheus."
)
JUNIT = click.option(
    "--junit", type=click.Path(), callback=_file, help="What became of each --fail-if, as a test report for CI."
)


def of_run(values: dict[str, Any]) -> list[Document]:
    """The page and the metrics that the values of the options ask for. They are made once the run is finished."""
    makers = {"html": _page, "openmetrics": _metrics}
    return [
        Document(path=values[name], bytes_of=make, reads_exchanges=True)
        for name, make in makers.items()
        if values[name] is not None
    ]


def with_documents(options: _Options, values: dict[str, Any]) -> _Options:
    """The options of a job, with all documents that the values of the options ask for. Raises UsageError."""
    documents = of_run(values)
    if values["junit"] is not None:
        conditions = [fail_if.condition(text, options.kind) for text in values["fail_if"]]
        documents.append(_test_report(values["junit"], conditions))
    return msgspec.structs.replace(options, documents=(*options.documents, *documents))


def check_conditions(conditions: Sequence[object]) -> None:
    """Raises UsageError where `--junit` has no conditions to tell of."""
    if not conditions:
        message = "--junit goes with --fail-if."
        raise UsageError(message)


def _page(run: Any) -> bytes:
    from logcorr.render.html.page import run_html

    return run_html(run)


def _metrics(run: Any) -> bytes:
    from logcorr.render.openmetrics import openmetrics

    return openmetrics(run)


def _test_report(path: str, conditions: Sequence[fail_if.Condition]) -> Document:
    check_conditions(conditions)

    def bytes_of(run: Any) -> bytes:
        from logcorr.render.junit import junit

        report = run.report
        command = {"correlation": "correlate", "access": "analyze"}[report.kind]
        logs = [name for files in run.manifest.files.values() for name in files]
        properties = {"run": run.manifest.key, "logs": ", ".join(logs)}
        return junit(command, fail_if.judge(conditions, report), properties, sum(report.run.seconds.values()))

    return Document(path=path, bytes_of=bytes_of)
