"""`logcorr formats`: lists and shows formats, tries one on a log, and drafts one for a log."""

import json
import sys
from typing import TYPE_CHECKING, Any, cast

import click

from logcorr.commands.completions import format_names
from logcorr.commands.format_options import format_options, reading
from logcorr.commands.stdout_and_stderr import put, put_json, say, wants_color, width
from logcorr.model.errors import OutputError, UsageError

if TYPE_CHECKING:
    from logcorr.formats.draft_profile.structured import Draft
    from logcorr.formats.profile import Profile, Unit
    from logcorr.inputs.files import InputFile

_FILES = click.option("--formats", multiple=True, type=click.Path(), help="A file of formats; may be given again.")
_SHOWN_LINES = 20


@click.group(invoke_without_command=True)
@click.pass_context
def formats(context: click.Context) -> None:
    """Formats: how the lines of a log become entries. List, show, try and draft them.

    \b
    Examples:
      logcorr formats list
      logcorr formats show fastify
      logcorr formats show 'nginx:$remote_addr [$time_local] "$request" $status $request_time'
      logcorr formats test fastify app.log
      logcorr formats new app.log > mine.toml
    """
    if context.invoked_subcommand is None:
        context.invoke(formats_list)


@formats.command("list")
@_FILES
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each format.")
def formats_list(formats: tuple[str, ...] = (), *, as_json: bool = False) -> None:
    """List all formats: built in, of the folder of formats, and of the files that are named."""
    from logcorr.formats.profile_registry import Registry

    registry = Registry(formats)
    rows = [_row(registry.get(name)) for name in registry.names()]
    if as_json:
        put_json("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return
    from logcorr.render.format_tables import formats_table

    put(formats_table(rows, width(), color=wants_color()))


def _row(profile: "Profile") -> dict[str, str]:
    holds = "refused" if profile.refusal is not None else "pairs" if profile.is_pair else "exchanges"
    what = profile.about or profile.refusal or ""
    return {"name": profile.name, "holds": holds, "lines": profile.syntax, "from": profile.origin, "what": what}


@formats.command("show")
@click.argument("name", shell_complete=format_names)
@_FILES
def formats_show(name: str, formats: tuple[str, ...]) -> None:
    """Print the format NAME as TOML: to learn from, or to change. NAME may be a server's own line, nginx:... ."""
    import msgspec

    from logcorr.formats import profile_toml, server_lines
    from logcorr.formats.profile_registry import Registry
    from logcorr.text.safe import safe

    registry = Registry(formats)
    profile = registry.get(name)
    origin = registry.origin(name)
    if server_lines.is_line(name):
        server = name.partition(":")[0]
        profile, origin = msgspec.structs.replace(profile, name=f"my-{server}"), f"made from a line of {server}"
    put(f"# {safe(origin)}\n{profile_toml.text(profile)}")


@formats.command("test")
@click.argument("name", shell_complete=format_names)
@click.argument("log", type=click.Path())
@click.option("--lines", default=_SHOWN_LINES, show_default=True, help="How many lines to show.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each line of the log.")
@format_options
def formats_test(name: str, log: str, lines: int, *, as_json: bool, **values: Any) -> None:
    """Try the format NAME on the first 1000 lines of LOG: which rule takes each line, what it reads, then counts."""
    from logcorr.formats.profile_registry import Registry
    from logcorr.jobs.try_format import try_format
    from logcorr.render.format_tables import tried_table

    read = reading(values)
    tried = try_format(Registry(read.files).get(name), _file(log), read)
    if tried.heads:
        say(f"note: heads are taken off the lines: {', '.join(tried.heads)}.")
    if as_json:
        rows = ({"line": one.line, "class": one.kind, "rule": one.rule, "fields": one.fields} for one in tried.lines)
        put_json("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return
    shown = [(one.line, one.kind, one.rule, one.fields, one.text) for one in tried.lines[:lines]]
    put(tried_table(tried.profile.name, shown, tried.counts, width(), color=wants_color()))


def _file(log: str) -> "InputFile":
    """The one file of a log. Raises InputError, and UsageError for a folder or glob of several files."""
    from logcorr.inputs.files import resolve

    found = resolve("log", (log,))
    if len(found) != 1:
        raise UsageError(f"{log!r} are {len(found)} files; name one.")
    return found[0]


@formats.command("new")
@click.argument("log", type=click.Path())
@click.option("--name", help="Name of the format.  [default: draft]")
@click.option("-o", "--output", type=click.Path(), help="File to write; it must not exist.  [default: stdout]")
@click.option("--unwrap", help="Heads to take off each line, separated by commas; none for no head.  [default: told]")
def formats_new(log: str, name: str | None, output: str | None, unwrap: str | None) -> None:
    """Draft a format for LOG by looking at its lines; remarks in the draft say what was found where.

    On a terminal it asks for what cannot be told. Try the draft:

    \b
      logcorr formats new app.log --name mine -o mine.toml
      logcorr formats test mine app.log --formats mine.toml
    """
    from logcorr.formats import draft_profile
    from logcorr.jobs.tell_logs import sample
    from logcorr.model.options import Reading

    wanted = tuple(part for part in (unwrap or "").split(",") if part)
    found = sample([_file(log)], Reading(unwrap=wanted)).view
    if not found.has_lines:
        raise UsageError(f"{log!r}: there are no lines to make a draft from.")
    asks = sys.stdin.isatty() and sys.stderr.isatty()
    if name is None:
        name = click.prompt("Name of the format", default="draft", err=True) if asks else "draft"
    draft = draft_profile.look(found.lines, name)
    if asks:
        draft = _asked(draft)
    toml = draft_profile.toml(draft, found.heads)
    if output is None:
        put(toml)
    else:
        _write(output, toml)


def _asked(draft: "Draft") -> "Draft":
    """The draft with the answers to what cannot be told from the log."""
    from logcorr.formats import draft_profile
    from logcorr.formats.profile_values import UNITS

    for remark in draft.remarks:
        say(remark)
    if draft.unsure_unit is None:
        return draft
    unit = click.prompt("Unit of the duration", default=draft.unsure_unit, type=click.Choice(UNITS), err=True)
    return draft_profile.with_unit(draft, cast("Unit", unit))


def _write(output: str, text: str) -> None:
    try:
        with open(output, "x", encoding="utf-8") as file:  # noqa: PTH123 - the name is as the user wrote it
            file.write(text)
    except FileExistsError:
        raise OutputError(f"output {output!r} exists; name another file, or remove it.") from None
    except OSError as error:
        raise OutputError(f"output {output!r} could not be written: {error.strerror or error}.") from error
    say(f"wrote {output}.")
