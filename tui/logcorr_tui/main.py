"""The `logcorr-tui` command: words on a command line → the app, or one clear line on stderr."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from glob import has_magic
from pathlib import Path
from typing import NoReturn, cast

from logcorr import __version__
from logcorr.compute import threads
from logcorr.compute.object_path import AnyPath
from logcorr.model.errors import LogcorrError, UsageError
from logcorr.model.ledger import Log
from logcorr.text.safe import one_line
from logcorr_tui.state.session import Logs
from logcorr_tui.work import follow_words, piped_input, reading_words

_USAGE = (
    "give one LOG, or REQUESTS and RESPONSES, or access logs, or a finished RUN, or nothing. See logcorr-tui --help."
)
# The format of logcorr's own two line forms, which is no profile.
_OWN = "logcorr"
_EPILOG = """\
examples:
  logcorr-tui                               pick logs, a recent run, or the demo
  logcorr-tui app.log                       look at a log of any known format: requests and responses, or exchanges
  logcorr-tui requests.log responses.log    correlate two logs
  logcorr-tui 'access.log*'                 analyse an access log of several files
  logcorr-tui app.log --format fastify      name the format instead of having it told
  logcorr-tui --follow 'api-*.log'          what is in flight, overdue and failing, while logs are written
  kubectl logs -f api | logcorr-tui -       the same of a log that comes through a pipe
  logcorr-tui 3f2a                          open a finished run by its name, the start of one, or its folder
  logcorr-tui --web 3f2a                    the same in a browser on this machine

Keys, theme and first view are set in {config}; `?` in the app names every key.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    threads.spare_numpy_threads()
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = _parser().parse_args(words)
    try:
        follow = follow_words.follow_of(given) if follow_words.is_following(given) else None
        if follow is None:
            follow_words.check_none(given)
        logs, run = (None, None) if follow is not None else _what(given)
        if given.web:
            _serve(words, given.port or 0)
            return 0
        if given.port is not None:
            raise UsageError("--port goes with --web.")
        if follow is not None and piped_input.NAME in follow.names:
            follow = replace(follow, pipe=piped_input.take_pipe())
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
    from logcorr_tui.look.palette import Look

    look = Look.of_terminal(os.environ, plain=given.plain)
    narrowing = reading_words.narrowing_of(given) if run is not None else None
    app = LogcorrApp(
        logs, run=run, store=given.store, memory=given.memory, look=look, follow=follow, narrowing=narrowing
    )
    app.session.zone = given.tz or ""
    app.session.show_times()
    app.run()
    if app.kept:
        sys.stderr.write(f"logcorr-tui: {app.kept}\n")
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


def _what(given: argparse.Namespace) -> tuple[Logs | None, AnyPath | None]:
    """The logs to look at or the run to open, checked before the screen is touched. Raises LogcorrError."""
    words = list(given.what)
    if given.memory is not None:
        from logcorr.text import quantities

        quantities.size_bytes(given.memory)
    named = {"access": given.access, "log": given.log, "request": given.requests, "response": given.responses}
    kinds = bool(words) + bool(given.access) + bool(given.log) + bool(given.requests or given.responses)
    if kinds > 1 or bool(given.requests) != bool(given.responses):
        raise UsageError(_USAGE)
    if given.tz is not None:
        from logcorr.text import zones

        zones.zone_of(given.tz)
    reading, reported = _reading(given), reading_words.reported_of(given)
    if not kinds:
        if given.format is not None or given.collapse_ids or reading or any(not w.startswith("--tz") for w in reported):
            raise UsageError("--format and the options of reading go with logs. See logcorr-tui --help.")
        return None, None
    if len(words) == 1 and given.format is None and not _names_logs(words[0]):
        if reading or given.collapse_ids or given.collapse:
            raise UsageError("a finished run takes --since, --until, --where and --tz; other options go with logs.")
        reading_words.narrowing_of(given)
        return None, _run(words[0], given.store)
    form = None if given.format == "auto" else given.format
    if words:
        logs = _untold(words) if form is None else _of_format(words, form, given.formats)
    else:
        logs = _named({name: tuple(paths) for name, paths in named.items() if paths})
    return replace(logs, form=form, collapse_ids=given.collapse_ids, reading=reading, reported=reported), None


def _untold(words: Sequence[str]) -> Logs:
    """Logs without their kind: their lines tell it. Two logs of logcorr's own line forms are told at once."""
    from logcorr.inputs import files
    from logcorr_tui.work.own_lines import are_own

    # What a folder holds is told as the command tells it: a pair, one log, or what is no log.
    folders = any(Path(word).is_dir() for word in words)
    if len(words) != 2 or folders:
        if not folders and are_own([files.resolve("log", tuple(words))]):
            what = f"{words[0]!r} is one log of a pair" if len(words) == 1 else "these are logs of pairs"
            raise UsageError(f"{what}: give REQUESTS and RESPONSES, or name them by --requests and --responses.")
        return Logs.untold(words)
    sides = [files.resolve("request", (words[0],)), files.resolve("response", (words[1],))]
    return Logs.pair(words[:1], words[1:]) if are_own(sides) else Logs.untold(words)


def _of_format(words: Sequence[str], form: str, formats: Sequence[str]) -> Logs:
    """Logs of a named format, which tells what they hold."""
    from logcorr.formats.profile_registry import Registry

    if form == _OWN or Registry(formats).get(form).is_pair:
        sides = len(words) == 2
        return _named({"request": (words[0],), "response": (words[1],)} if sides else {"log": tuple(words)})
    return _named({"access": tuple(words)})


def _named(paths: dict[str, tuple[str, ...]]) -> Logs:
    """Logs that are named by what they hold."""
    from logcorr.inputs import files

    for name, of_log in paths.items():
        files.resolve(cast("Log", name), of_log)
    return Logs("access" if "access" in paths else "correlation", paths)


def _reading(given: argparse.Namespace) -> tuple[str, ...]:
    """The words for the engine on how lines are read. Raises UsageError for a format that there is not."""
    from logcorr.formats.profile_registry import Registry

    if given.formats or given.format not in (None, "auto", _OWN):
        registry = Registry(given.formats)
        if given.format not in (None, "auto", _OWN):
            registry.get(given.format)
    return reading_words.words_of(given)


def _run(word: str, store: str | None) -> AnyPath:
    """The finished run of this name. A folder of the working directory comes first, as a shell completes it."""
    from logcorr.runs.find_runs import find_run, root_of

    here = Path(word)
    name = str(here.resolve()) if (here / "manifest.json").is_file() else word
    return find_run(root_of(store or None), name).place


def _names_logs(word: str) -> bool:
    """Whether a word names logs and no run: a file, a glob, or a folder of logs."""
    path = Path(word)
    return path.is_file() or (path.is_dir() and not (path / "manifest.json").is_file()) or has_magic(word)


class _Parser(reading_words.WordsParser):
    """An argument parser whose errors quote the given words safely."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(UsageError.exit_code, f"{self.prog}: error: {one_line(message)}\n")


def _parser() -> argparse.ArgumentParser:
    from logcorr_tui.state.settings import settings_path

    parser = _Parser(
        prog="logcorr-tui",
        usage="%(prog)s [OPTIONS] [LOG ... | REQUESTS RESPONSES | RUN]",
        description="Pairs requests and responses, or analyses access logs, and shows what came of it, "
        "in the terminal or a browser.",
        epilog=_EPILOG.format(config=settings_path()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "what",
        nargs="*",
        metavar="LOG ... | REQUESTS RESPONSES | RUN",
        help="a log of any known format, two logs, or one finished run; what logs hold is told by their lines",
    )
    parser.add_argument("--requests", action="append", default=[], metavar="PATH", help="a request log; repeatable")
    parser.add_argument("--responses", action="append", default=[], metavar="PATH", help="a response log; repeatable")
    parser.add_argument("--access", action="append", default=[], metavar="PATH", help="an access log; repeatable")
    parser.add_argument("--log", action="append", default=[], metavar="PATH", help="a log of both events; repeatable")
    reading_words.add_to(parser)
    follow_words.add_to(parser)
    parser.add_argument(
        "--store", metavar="DIR", help="folder or URI of the runs (default: the platform's cache folder)"
    )
    parser.add_argument("--memory", metavar="SIZE", help="the most memory the engine takes, such as 1GB")
    parser.add_argument(
        "--plain", action="store_true", help="plain text without frames, charts or motion, for screen readers"
    )
    parser.add_argument(
        "--web", action="store_true", help="serve the app to a browser on this machine; needs logcorr[web]"
    )
    parser.add_argument("--port", type=_port, metavar="N", help="the port for --web (default: any free one)")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser
