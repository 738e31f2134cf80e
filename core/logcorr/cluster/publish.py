"""Publishes a run that steps have made: the parts of its views are in the store already, the manifest comes last."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from logcorr.cluster.plan import Note
from logcorr.cluster.store import Store
from logcorr.model.access_report import RunReport
from logcorr.model.errors import EngineError
from logcorr.model.manifest import Manifest
from logcorr.runs.run_folder import MANIFEST, REPORT, encode


def parts_of(key: str, notes: Iterable[Note], views: Sequence[str]) -> dict[str, int]:
    """The parts of views that steps have noted: their bytes, by their path in the run."""
    parts: dict[str, int] = {}
    for note in notes:
        for kind, name in note.files.items():
            folder, _, path = name.partition("/")
            if folder == key and kind.partition("/")[0] in views:
                parts[path] = note.sizes[kind]
    return dict(sorted(parts.items()))


def add_own(store: Store, key: str, parts: dict[str, int], own: Mapping[str, Sequence[Path]]) -> None:
    """Adds to `parts` those of this machine, for views that have no other part. A view has at least one part."""
    for view, paths in own.items():
        if not any(part.startswith(f"{view}/") for part in parts):
            for path in paths:
                part = f"{view}/{path.name}"
                parts[part] = store.put_file(f"{key}/{part}", path)


def scan_of(store: Store, key: str, parts: Iterable[str]) -> Callable[[str], pl.LazyFrame]:
    """Gives a scan of a view by its name, of the `parts` that are in the store. Every view has one at least."""

    def rows_of(view: str) -> pl.LazyFrame:
        return pl.concat([store.table(f"{key}/{part}") for part in parts if part.partition("/")[0] == view])

    return rows_of


def publish(store: Store, key: str, report: RunReport, manifest: Manifest) -> None:
    """Makes a run visible. Files of its folder that the manifest does not name are removed.

    Raises EngineError where parts of it are gone.
    """
    there = store.list(f"{key}/")
    if any(there.get(f"{key}/{part}") != size for part, size in manifest.parts.items()):
        raise EngineError(f"run {key}: parts of it were removed while it was made. Start it again.")
    store.put(f"{key}/{REPORT}", encode(report))
    store.put(f"{key}/{MANIFEST}", encode(manifest))
    named = {f"{key}/{part}" for part in (*manifest.parts, REPORT, MANIFEST)}
    # Those that a step was killed at are there in part.
    there = store.list(f"{key}/") | store.unfinished(f"{key}/")
    store.delete([name for name in there if name not in named])
