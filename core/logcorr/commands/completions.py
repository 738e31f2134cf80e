"""What a shell offers for the names of runs and of formats when the user presses Tab.

Files, folders and choices are completed by click itself. A completion has nowhere to say what went wrong: where names
cannot be read, none are offered.
"""

import os
import re
from pathlib import PurePath
from typing import Any

import click
from click.shell_completion import CompletionItem

from logcorr.commands.options import run_root
from logcorr.compute.object_path import ObjectPath
from logcorr.model.errors import LogcorrError

# click's script for bash splits other names and expands them.
_PLAIN = re.compile(r"[\w.-]+")


# In click before 8.5 an item has no parameter: types that give it one stand in quotes.
def run_names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> "list[CompletionItem[Any]]":
    """Keys of finished runs, newest first, with the logs of each; folders where a path is begun.

    Runs that the command line names already are left out. `--store` counts where it stands before.
    """
    if os.sep in incomplete or incomplete.startswith("."):
        return [CompletionItem(incomplete, type="dir")]
    from logcorr.runs.find_runs import all_runs
    from logcorr.runs.ownership import is_mine

    named = _named(context.params)
    items = []
    root = run_root(context.params.get("store"))
    # Nobody waits for a bucket at each press of a key.
    for folder in [] if isinstance(root, ObjectPath) else all_runs(root):
        name = folder.place.name
        if name.startswith(incomplete) and name not in named and _PLAIN.fullmatch(name) and is_mine(folder.place):
            items.append(CompletionItem(name, help=_logs(folder)))
    return items


def format_names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> "list[CompletionItem[Any]]":
    """Names of formats: built in, of the user's folder, and of `--formats` where it stands before."""
    from logcorr.formats.profile_registry import Registry

    try:
        names = Registry(context.params.get("formats") or ()).names()
    except LogcorrError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete) and _PLAIN.fullmatch(name)]


def _named(params: dict[str, Any]) -> set[str]:
    """All texts among the values of parameters that are parsed already."""
    values = (value if isinstance(value, tuple) else (value,) for value in params.values())
    return {text for texts in values for text in texts if isinstance(text, str)}


def _logs(folder: Any) -> str | None:
    """The logs of a run in a few words; None where its manifest cannot be read."""
    from logcorr.text.safe import safe

    try:
        files = [file for side in folder.manifest.files.values() for file in side]
    except LogcorrError:
        return None
    more = [f"and {len(files) - 2} more"] if len(files) > 2 else []
    # click's script for fish ends a text at a comma.
    return safe(" ".join([PurePath(file).name.replace(",", " ") for file in files[:2]] + more))
