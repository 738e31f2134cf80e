"""Writes the man page and the scripts of shell completion in assets/share from the commands: `make docs`.

The wheel installs them. The page lists every command; the scripts ask logcorr itself and change with click alone.
"""

import inspect
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
from click.shell_completion import ShellComplete, get_completion_class
from generate_cli import walk

from logcorr import __version__
from logcorr.cli import main

SHARE = Path(__file__).resolve().parents[1] / "assets" / "share"
MAN = "man/man1/logcorr.1"
SCRIPTS = {
    "bash": "bash-completion/completions/logcorr",
    "zsh": "zsh/site-functions/_logcorr",
    "fish": "fish/vendor_completions.d/logcorr.fish",
}
HEAD = r""".\" Written by docs/generate_man.py from the command itself; run `make docs` after a change.
.TH LOGCORR 1 "" "logcorr {version}" "User Commands"
.SH NAME
logcorr \- {about}
.SH SYNOPSIS
.B logcorr
.RI [ OPTIONS ]
.I COMMAND
.RI [ ARGS ]...
.SH DESCRIPTION
"""
TAIL = r""".SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
A condition of \-\-fail\-if held.
.TP
.B 2
Wrong usage, or input that cannot be read.
.TP
.B 3
An output could not be written, or there is no space left.
.TP
.B 70
An internal error.
.TP
.B 130
Interrupted.
.SH ENVIRONMENT
.TP
.B LOGCORR_KERNELS
off: run without the compiled part. The results are the same.
.TP
.B LOGCORR_DEBUG
1: show the traceback of an internal error.
.TP
.BR XDG_CACHE_HOME ", " XDG_CONFIG_HOME
Where the folders below are, on Linux.
.SH FILES
.TP
.I ~/.cache/logcorr/runs
Finished runs.
.TP
.I ~/.config/logcorr/formats/*.toml
Formats of the user.
.SH SEE ALSO
.BR logcorr\-tui ,
the same in an app for the terminal.
"""


def man_page(group: click.Command = main) -> str:
    """The man page of all commands that are not hidden, in the macros of man(7)."""
    commands = list(walk(group, "logcorr"))
    _, top = commands[0]
    about = top.get_short_help_str(200).rstrip(".")
    parts = [HEAD.format(version=__version__, about=escaped(about[:1].lower() + about[1:]))]
    parts += [*prose(top.help or ""), ".SH OPTIONS\n", *options(top, "logcorr"), ".SH COMMANDS\n"]
    for path, command in commands[1:]:
        usage = " ".join(piece for piece in command.collect_usage_pieces(click.Context(command)) if piece)
        parts.append(f'.SS "{escaped(path)} {escaped(usage)}"\n')
        parts += [*prose(command.help or ""), *options(command, path)]
    return "".join(parts) + TAIL


def prose(text: str) -> Iterator[str]:
    """Paragraphs of a command's help. Those that click is not to wrap, and indented lines, keep their lines."""
    # The first one needs no mark: a heading stands before it.
    mark = ""
    for block in inspect.cleandoc(text).partition("\f")[0].split("\n\n"):
        lines = [line for line in block.strip("\n").split("\n") if line != "\b"]
        if "\b" in block or lines[0].startswith(" "):
            yield f"{mark}.nf\n" + "".join(f"{escaped(line)}\n" for line in lines) + ".fi\n"
        elif block.strip():
            yield f"{mark}{escaped(' '.join(block.split()))}\n"
        mark = ".PP\n"


def options(command: click.Command, path: str) -> Iterator[str]:
    """A tagged paragraph for each option that is not hidden."""
    context = click.Context(command, info_name=path, terminal_width=10**6, max_content_width=10**6)
    for parameter in command.params:
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            names, meaning = record
            yield f".TP\n.B {escaped(names)}\n{escaped(' '.join(meaning.split()))}\n"


def escaped(text: str) -> str:
    """The text as roff shows it: no character of it is a command."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    for plain, name in (("'", r"\(aq"), ("`", r"\(ga"), ("^", r"\(ha"), ("~", r"\(ti")):
        text = text.replace(plain, name)
    return rf"\&{text}" if text.startswith(".") else text


def script(shell: str) -> str:
    """The script of a shell, as click writes it, and by which version of click."""
    made = get_completion_class(shell)
    assert made is not None  # noqa: S101 - click has all three
    # The one of bash would ask the bash of this machine for its version first.
    text = ShellComplete.source(made(main, {}, "logcorr", "_LOGCORR_COMPLETE"))
    return text.strip("\n") + f"\n# Written by click {version('click')}.\n"


if __name__ == "__main__":
    for name, text in {MAN: man_page(), **{path: script(shell) for shell, path in SCRIPTS.items()}}.items():
        target = SHARE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
        print(f"wrote {target}")
