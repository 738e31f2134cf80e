"""One view of a finished run → a file, or stdout."""

from pathlib import Path

from logcorr import export, views
from logcorr.model.report import Output
from logcorr.store import RunFolder, WorkFolder


def one(run: RunFolder, output: Output, root: Path, *, force: bool) -> None:
    """Writes one view of a finished run. Raises UsageError, InputError or OutputError; leaves no half file."""
    export.check_target(output.path, force=force, inputs=[])
    found = views.records(run, output.view, output.columns)
    with WorkFolder(root) as work:
        part = export.part_of(output.path)
        if output.path != export.STDOUT:
            work.add_part(part)
        try:
            spill = work.spill / "sort"
            export.write(found, output.path, part, spill, sort_time=output.sort_time, raw_csv=output.raw_csv)
        except views.UNREADABLE as error:
            raise run.damaged(output.view) from error
        work.deliver([] if output.path == export.STDOUT else [(part, Path(output.path).absolute())])
