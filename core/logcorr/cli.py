"""The `logcorr` command: all its commands under one name, and what every error says and exits with.

With the commands below it the only core file that knows click; nothing imports it. The engine is imported when a
command needs it.
"""

import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, cast

import click

from logcorr import __version__
from logcorr.commands.stdout_and_stderr import say, settle_streams, silence_stdout
from logcorr.model.errors import LogcorrError, OutputError

_INTERNAL = 70
_MOST_SAID = 200
# Each is a module of `logcorr.commands` with a command of the same name.
_COMMANDS = ("analyze", "correlate", "diff", "export", "formats", "generate", "runs", "sql", "step", "tell", "watch")
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Commands(Mapping[str, click.Command]):
    """The commands by name. A command is imported when it is asked for, so that it does not wait for the others."""

    def __getitem__(self, name: str) -> click.Command:
        if name not in _COMMANDS:
            raise KeyError(name)
        command: click.Command = getattr(import_module(f"logcorr.commands.{name}"), name)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class Command(click.Group):
    """The top of the command: turns every error into one or two lines on stderr and its exit code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands = cast("MutableMapping[str, click.Command]", _Commands())

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        settle_streams()
        try:
            result = super().main(*args, **kwargs)
            sys.stdout.flush()
        except click.exceptions.NoArgsIsHelpError as error:
            sys.stderr.write(f"{error.format_message()}\n")
            sys.exit(error.exit_code)
        except click.ClickException as error:
            context = getattr(error, "ctx", None)
            say(f"error: {' '.join(error.format_message().split())}")
            say(f"see {context.command_path if context else 'logcorr'} --help")
            sys.exit(error.exit_code)
        except LogcorrError as error:
            say(f"error: {error}")
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            say("interrupted.")
            sys.exit(130)
        except BrokenPipeError:
            # Whoever read our output has had enough.
            silence_stdout()
            sys.exit(0)
        except OSError as error:
            say(f"error: could not write: {error.strerror or error}.")
            silence_stdout()
            sys.exit(OutputError.exit_code)
        except Exception as error:
            if os.environ.get("LOGCORR_DEBUG"):
                raise
            # What an engine says may quote what it read.
            said = str(error).partition("\n")[0][:_MOST_SAID]
            say(f"internal error: {type(error).__name__}: {said}")
            say("this is a fault of logcorr: report it. LOGCORR_DEBUG=1 shows where it happened.")
            sys.exit(_INTERNAL)
        sys.exit(result if isinstance(result, int) else 0)


@click.group(cls=Command, context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="logcorr")
def main() -> None:
    """Pair request and response logs of any size, and account for every line.

    \b
    Examples:
      logcorr correlate requests.log responses.log
      logcorr correlate requests.log responses.log -o matched.ndjson --orphans orphans.csv
      logcorr generate pair /tmp/demo --incident

    Shell completion: eval "$(_LOGCORR_COMPLETE=bash_source logcorr)", or zsh_source, fish_source.
    """
