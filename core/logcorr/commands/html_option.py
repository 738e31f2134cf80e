"""The option `--html`, which several commands have, and what makes its page."""

from typing import TYPE_CHECKING, Any

import click

from logcorr.model.errors import UsageError

if TYPE_CHECKING:
    from logcorr.runs.output_files import MadeOutput
    from logcorr.runs.run_folder import RunFolder


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


def page_of_run(path: str | None) -> "tuple[MadeOutput, ...]":
    """The page of a run as an output to make, if one is asked for."""
    if path is None:
        return ()
    from logcorr.runs.output_files import MadeOutput

    return (MadeOutput(path, _made),)


def _made(run: "RunFolder") -> bytes:
    from logcorr.render.html.page import run_html

    return run_html(run)
