"""The option `--html`, which several commands have, and the page that it asks for."""

from typing import Any

import click

from logcorr.model.errors import UsageError
from logcorr.model.options import Document


def _checked(_context: Any, _option: Any, path: str | None) -> str | None:
    if path == "-":
        message = "--html writes a file: name one."
        raise UsageError(message)
    return path


HTML = click.option(
    "--html",
    type=click.Path(),
    callback=_checked,
    help="The report as one HTML page that loads nothing: for mail and tickets.",
)


def page_of_run(path: str) -> Document:
    """The page of a run, which is made once the run is finished."""

    def bytes_of(run: Any) -> bytes:
        from logcorr.render.html.page import run_html

        return run_html(run)

    return Document(path=path, bytes_of=bytes_of, reads_exchanges=True)
