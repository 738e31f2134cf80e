"""The `logcorr-tui` command: words on a command line → the app, or one clear line on stderr."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from logcorr import __version__
from logcorr.errors import LogcorrError, UsageError
from logcorr.text import one_line

_EPILOG = """\
examples:
  logcorr-tui                               pick logs, a recent run, or the demo
  logcorr-tui requests.log responses.log    correlate two logs
  logcorr-tui 3f2a                          open a finished run by its name, the start of one, or its folder
  logcorr-tui --web 3f2a                    the same in a browser on this machine

Keys, theme and first view are set in {config}; `?` in the app names every key.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = _parser().parse_args(words)
    try:
        requests, responses, run = _what(given)
        if given.web:
            _serve(words, given.port or 0)
            return 0
        if given.port is not None:
            raise UsageError("--port goes with --web.")
        if not _has_terminal():
            raise UsageError("this needs a terminal. Without one, use `logcorr correlate`, `runs show` or `export`.")
    except LogcorrError as error:
        sys.stderr.write(f"logcorr-tui: error: {one_line(str(error))}\n")
        return error.exit_code
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        sys.stderr.write(f"logcorr-tui: error: {one_line(str(error))}\n")
        return UsageError.exit_code
    from logcorr_tui.app import LogcorrApp

    app = LogcorrApp(requests=requests, responses=responses, run=run, store=given.store, memory=given.memory)
    app.run()
    return app.return_code or 0


def _has_terminal() -> bool:
    """Whether the app can be shown; a browser's tab is its terminal where the web server started it."""
    streams = (sys.stdin, sys.stdout, sys.__stderr__)
    return "TEXTUAL_DRIVER" in os.environ or all(stream is not None and stream.isatty() for stream in streams)


def _serve(words: Sequence[str], port: int) -> None:
    """Serves the app of the same words, but for those about serving. Raises UsageError or OutputError."""
    try:
        from logcorr_tui.web.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("logcorr"):
            raise
        raise UsageError(f"--web needs {error.name}, which is not installed: pip install 'logcorr[web]'") from error
    serve([sys.executable, "-P", "-m", "logcorr_tui", *_for_the_app(words)], port)


def _for_the_app(words: Sequence[str]) -> list[str]:
    """Checked words without --web and --port."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            kept += [word, *rest]
        elif word == "--port":
            next(rest)
        elif word != "--web" and not word.startswith("--port="):
            kept.append(word)
    return kept


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 1 << 16:
        raise ValueError
    return port


def _what(given: argparse.Namespace) -> tuple[tuple[str, ...], tuple[str, ...], Path | None]:
    """The logs to correlate or the run to open, checked before the screen is touched. Raises LogcorrError."""
    from logcorr import inputs, store

    words: list[str] = given.what
    requests, responses = tuple(given.requests), tuple(given.responses)
    if given.memory is not None:
        from logcorr import units

        units.size_bytes(given.memory)
    if len(words) == 2 and not requests and not responses:
        requests, responses = (words[0],), (words[1],)
    elif len(words) == 1 and not requests and not responses:
        if Path(words[0]).is_file():
            raise UsageError(f"{words[0]!r} is one log; give the requests and the responses, or a finished run.")
        root = Path(given.store) if given.store else store.default_root()
        # A folder of the working directory is looked at before a run's name, as a shell completes it.
        here = Path(words[0])
        name = str(here.resolve()) if (here / "manifest.json").is_file() else words[0]
        return (), (), store.find(root, name).path
    elif words or bool(requests) != bool(responses):
        raise UsageError("give REQUESTS and RESPONSES, or a finished RUN, or nothing. See logcorr-tui --help.")
    inputs.resolve("request", requests)
    inputs.resolve("response", responses)
    return requests, responses, None


class _Parser(argparse.ArgumentParser):
    """Its errors quote what was given."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(UsageError.exit_code, f"{self.prog}: error: {one_line(message)}\n")


def _parser() -> argparse.ArgumentParser:
    from logcorr_tui.config import config_path

    parser = _Parser(
        prog="logcorr-tui",
        usage="%(prog)s [OPTIONS] [REQUESTS RESPONSES | RUN]",
        description="Pairs request and response logs and shows what came of it, in the terminal or a browser.",
        epilog=_EPILOG.format(config=config_path()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("what", nargs="*", metavar="REQUESTS RESPONSES | RUN", help="two logs, or one finished run")
    parser.add_argument("--requests", action="append", default=[], metavar="PATH", help="a request log; repeatable")
    parser.add_argument("--responses", action="append", default=[], metavar="PATH", help="a response log; repeatable")
    parser.add_argument("--store", metavar="DIR", help="folder the runs are in (default: the platform's cache folder)")
    parser.add_argument("--memory", metavar="SIZE", help="the most memory the engine takes, such as 1GB")
    parser.add_argument(
        "--web", action="store_true", help="serve the app to a browser on this machine; needs logcorr[web]"
    )
    parser.add_argument("--port", type=_port, metavar="N", help="the port for --web (default: any free one)")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser
