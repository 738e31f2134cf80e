"""How a run was made, as tables of a page: files, formats, version, time, memory and options."""

from collections.abc import Sequence

from msgspec import UnsetType

from logcorr.model.access_report import RunReport
from logcorr.model.ledger import LogFormat
from logcorr.model.manifest import Manifest
from logcorr.render.html.page_model import Cell, Column, Table
from logcorr.text.option_words import option_words
from logcorr.text.quantities import duration, size
from logcorr.text.safe import safe

_MOST_FILES = 10


def tables(report: RunReport, manifest: Manifest) -> list[Table]:
    """The facts of the run, and its options."""
    run = report.run
    told: list[tuple[str, str]] = [
        ("version", f"logcorr {run.version}"),
        ("run", manifest.key),
        ("started", run.started.replace("T", " ").removesuffix("Z") + " UTC"),
        *_files(manifest),
        *_formats(report),
        ("kernels", "compiled" if run.kernels else "none, all by polars"),
        ("peak memory", size(run.peak_rss_bytes)),
        ("spilled", f"{run.buckets:,} buckets, {size(run.spilled_bytes)}" if run.spilled_bytes else "nothing"),
        *([("engine", f"{run.engine}, {run.steps_run:,} steps")] if run.engine else []),
        *((f"stage {name}", duration(seconds * 1000)) for name, seconds in run.seconds.items()),
    ]
    facts = Table(id="how", title="The run", columns=[Column("what"), Column("value", wide=True)], rows=_facts(told))
    options = [told for name, value in sorted(run.options.items()) for told in option_words(name, value)]
    chosen = Table(
        id="options", title="Options", columns=[Column("option"), Column("value", wide=True)], rows=_facts(options)
    )
    return [facts, chosen]


def _files(manifest: Manifest) -> list[tuple[str, str]]:
    told = []
    for side, names in manifest.files.items():
        sizes = {log.path: log.bytes for log in manifest.inputs.get(side, ())}
        for k, name in enumerate(names[:_MOST_FILES]):
            count = list(sizes.values())[k] if k < len(sizes) else None
            told.append((f"{side} file", name + (f" ({size(count)})" if count is not None else "")))
        if names[_MOST_FILES:]:
            told.append((f"{side} file", f"and {len(names) - _MOST_FILES:,} more"))
    return told


def _formats(report: RunReport) -> list[tuple[str, str]]:
    told = []
    for side, ledger in report.ledgers().items():
        form = ledger.format
        if form is not None and not isinstance(form, UnsetType):
            told.append((f"format of {side}", _form(form)))
    return told


def _form(form: LogFormat) -> str:
    return f"{form.name}, {form.origin}"


def _facts(told: Sequence[tuple[str, str]]) -> list[list[Cell]]:
    return [[Cell(safe(name.replace("_", " "), 60)), Cell(safe(value, 400))] for name, value in told]
