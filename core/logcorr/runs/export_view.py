"""One view of a finished run → a file, or stdout."""

from pathlib import Path

from logcorr.model.options import Output
from logcorr.runs import output_files, views, write_records
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder


def export_view(run: RunFolder, output: Output, root: Path, *, force: bool) -> None:
    """Writes one view of a finished run. Raises UsageError, InputError or OutputError; leaves no half file."""
    output_files.check_target(output.path, force=force, inputs=[])
    found = views.records(run, output.view, output.columns)
    with WorkFolder(root) as work:
        part = output_files.part_of(output.path)
        if output.path != output_files.STDOUT:
            work.add_part(part)
        try:
            spill = work.spill / "sort"
            write_records.write(found, output.path, part, spill, sort_time=output.sort_time, raw_csv=output.raw_csv)
        except views.UNREADABLE as error:
            raise run.damaged(output.view) from error
        work.deliver([] if output.path == output_files.STDOUT else [(part, Path(output.path).absolute())])
