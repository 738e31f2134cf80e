"""Writes docs/cli.md from the commands themselves: `make docs`. A test fails while the file lags behind.

Options and arguments come as tables, the rest of a command's help as it stands; indented blocks are examples.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from logcorr.cli import main

TARGET = Path(__file__).parent / "cli.md"
HEAD = """# The `logcorr` command

<!-- Written by docs/generate_cli.py from the command itself; run `make docs` after a change. -->
"""


def reference(group: click.Command = main) -> str:
    """The whole reference as Markdown."""
    parts = [HEAD]
    for path, command in walk(group, "logcorr"):
        context = click.Context(command, info_name=path, terminal_width=10**6, max_content_width=10**6)
        parts += list(section(path, command, context))
    return "\n".join(parts).rstrip("\n") + "\n"


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """The command and all below it that are not hidden, in the order in which they are registered."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from walk(child, f"{path} {name}")


def section(path: str, command: click.Command, context: click.Context) -> Iterator[str]:
    """Usage, help, arguments, options and subcommands of one command."""
    yield f"## `{path}`\n"
    # click puts the path together from a chain of contexts; here there is only one.
    pieces = " ".join(piece for piece in command.collect_usage_pieces(context) if piece)
    yield f"```\n{path} {pieces}\n```\n"
    text = inspect.cleandoc(command.help or "").replace("\b\n", "").partition("\f")[0].strip()
    if text:
        yield text + "\n"
    rows = [row for row in (option_row(p, context) for p in command.params if isinstance(p, click.Option)) if row]
    if rows:
        yield "| option | meaning |\n|---|---|\n" + "\n".join(rows) + "\n"
    if isinstance(command, click.Group):
        names = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
        lines = [f"- `{path} {n}`: {c.get_short_help_str(200)}" for n, c in names if c and not c.hidden]
        yield "\n".join(lines) + "\n"
    if command.epilog:
        yield inspect.cleandoc(command.epilog).replace("\b\n", "") + "\n"


def option_row(option: click.Option, context: click.Context) -> str | None:
    """One line of the table of options; None for a hidden one."""
    record = option.get_help_record(context)
    if record is None:
        return None
    names, meaning = (cell.replace("|", r"\|").replace("<", "&lt;") for cell in record)
    return f"| `{names.replace('&lt;', '<')}` | {' '.join(meaning.split())} |"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
    print(f"wrote {TARGET}")
