"""The `logcorr-tui` command: words on a command line → the app, or one clear line on stderr."""

import argparse
import os
import sys
from collections.abc import Sequence
from glob import has_magic
from pathlib import Path
from typing import NoReturn

from logcorr import __version__
from logcorr.model.errors import InputError, LogcorrError, UsageError
from logcorr.text.safe import one_line
from logcorr_tui.state.session import Logs

_USAGE = "give REQUESTS and RESPONSES, or access logs, or a finished RUN, or nothing. See logcorr-tui --help."
_EPILOG = """\
examples:
  logcorr-tui                               pick logs, a recent run, or the demo
  logcorr-tui requests.log responses.log    correlate two logs
  logcorr-tui access.log                    analyse an access log; 'access.log*' or several of them are taken together
  logcorr-tui 3f2a                          open a finished run by its name, the start of one, or its folder
  logcorr-tui --web 3f2a                    the same in a browser on this machine

Keys, theme and first view are set in {config}; `?` in the app names every key.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = _parser().parse_args(words)
    try:
        logs, run = _what(given)
        if given.web:
            _serve(words, given.port or 0)
            return 0
        if given.port is not None:
            raise UsageError("--port goes with --web.")
        if not _has_terminal():
            raise UsageError(
                "this needs a terminal. Without one, use `logcorr correlate`, `analyze`, `runs show` or `export`."
            )
    except LogcorrError as error:
        sys.stderr.write(f"logcorr-tui: error: {one_line(str(error))}\n")
        return error.exit_code
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        sys.stderr.write(f"logcorr-tui: error: {one_line(str(error))}\n")
        return UsageError.exit_code
    from logcorr_tui.app import LogcorrApp

    app = LogcorrApp(logs, run=run, store=given.store, memory=given.memory)
    app.run()
    return app.return_code or 0


def _has_terminal() -> bool:
    """Whether the app can be shown: in a terminal, or in the tab of a browser where the web server started the app."""
    streams = (sys.stdin, sys.stdout, sys.__stderr__)
    return "TEXTUAL_DRIVER" in os.environ or all(stream is not None and stream.isatty() for stream in streams)


def _serve(words: Sequence[str], port: int) -> None:
    """Serves the app in a browser, started with the same words. Raises UsageError or OutputError."""
    try:
        from logcorr_tui.web.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("logcorr"):
            raise
        raise UsageError(f"--web needs {error.name}, which is not installed: pip install 'logcorr[web]'") from error
    serve([sys.executable, "-P", "-m", "logcorr_tui", *_for_the_app(words)], port)


def _for_the_app(words: Sequence[str]) -> list[str]:
    """The words of the command line without --web and --port."""
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


def _what(given: argparse.Namespace) -> tuple[Logs | None, Path | None]:
    """The logs to look at or the run to open, checked before the screen is touched. Raises LogcorrError."""
    from logcorr.inputs import files

    words, access = list(given.what), list(given.access)
    sides = (tuple(given.requests), tuple(given.responses))
    if given.memory is not None:
        from logcorr.text import quantities

        quantities.size_bytes(given.memory)
    if bool(words) + bool(access) + any(sides) > 1 or bool(sides[0]) != bool(sides[1]):
        raise UsageError(_USAGE)
    form = None if given.format == "auto" else given.format
    if len(words) == 1 and given.format is None and not _names_logs(words[0]):
        return None, _run(words[0], given.store)
    access = access or (words if given.format is not None or _are_access_logs(words) else [])
    if access:
        files.resolve("access", tuple(access))
        return Logs.access(access, form, collapse_ids=given.collapse_ids), None
    if given.format is not None or given.collapse_ids:
        raise UsageError("--format and --collapse-ids go with access logs. See logcorr-tui --help.")
    if len(words) == 2:
        sides = ((words[0],), (words[1],))
    elif words:
        named = f"{words[0]!r} is one log, and no access log" if len(words) == 1 else "these are no access logs"
        raise UsageError(f"{named}: give REQUESTS and RESPONSES, or say --format for an access log.")
    if not sides[0]:
        return None, None
    files.resolve("request", sides[0])
    files.resolve("response", sides[1])
    return Logs.pair(*sides), None


def _run(word: str, store: str | None) -> Path:
    """The finished run of this name. A folder of the working directory comes first, as a shell completes it."""
    from logcorr.runs.find_runs import default_root, find_run

    here = Path(word)
    name = str(here.resolve()) if (here / "manifest.json").is_file() else word
    return find_run(Path(store) if store else default_root(), name).path


def _names_logs(word: str) -> bool:
    """Whether a word names logs and no run: a file, a glob, or a folder of logs."""
    path = Path(word)
    return path.is_file() or (path.is_dir() and not (path / "manifest.json").is_file()) or has_magic(word)


def _are_access_logs(words: Sequence[str]) -> bool:
    """Whether every word names an access log. Raises InputError where a file cannot be read."""
    from logcorr.inputs import files
    from logcorr.inputs.recognise_access_log import is_access_log

    try:
        return bool(words) and all(is_access_log(files.resolve("access", (word,))) for word in words)
    except InputError:
        if len(words) == 2:  # the error of one log of a pair names its side
            return False
        raise


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors quote the given words safely."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(UsageError.exit_code, f"{self.prog}: error: {one_line(message)}\n")


def _parser() -> argparse.ArgumentParser:
    from logcorr_tui.state.settings import settings_path

    parser = _Parser(
        prog="logcorr-tui",
        usage="%(prog)s [OPTIONS] [REQUESTS RESPONSES | ACCESS_LOG ... | RUN]",
        description="Pairs request and response logs, or analyses access logs, and shows what came of it, "
        "in the terminal or a browser.",
        epilog=_EPILOG.format(config=settings_path()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "what",
        nargs="*",
        metavar="REQUESTS RESPONSES | ACCESS_LOG ... | RUN",
        help="two logs, access logs, or one finished run; what two files are is told by their first lines",
    )
    parser.add_argument("--requests", action="append", default=[], metavar="PATH", help="a request log; repeatable")
    parser.add_argument("--responses", action="append", default=[], metavar="PATH", help="a response log; repeatable")
    parser.add_argument("--access", action="append", default=[], metavar="PATH", help="an access log; repeatable")
    parser.add_argument("--format", metavar="NAME", help="format of the access logs, else told by their lines")
    parser.add_argument("--collapse-ids", action="store_true", help="ids in the paths of access logs become *")
    parser.add_argument("--store", metavar="DIR", help="folder the runs are in (default: the platform's cache folder)")
    parser.add_argument("--memory", metavar="SIZE", help="the most memory the engine takes, such as 1GB")
    parser.add_argument(
        "--web", action="store_true", help="serve the app to a browser on this machine; needs logcorr[web]"
    )
    parser.add_argument("--port", type=_port, metavar="N", help="the port for --web (default: any free one)")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser
