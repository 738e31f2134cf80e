"""Exports one view of a finished run to a file, or to stdout."""

from pathlib import Path

from logcorr.model.options import Output
from logcorr.runs import output_files, views, write_records
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder


def export_view(run: RunFolder, output: Output, root: Path, *, force: bool) -> None:
    """Writes a view of a finished run to `output.path`, or to stdout; `root` is the folder of all runs.

    A file appears complete or not at all. Raises UsageError, InputError or OutputError.
    """
    output_files.check_target(output.path, force=force, inputs=[])
    records = views.records(run, output.view, output.columns)
    with WorkFolder(root) as work:
        unfinished = output_files.unfinished_path(output.path)
        if output.path != output_files.STDOUT:
            work.add_unfinished(unfinished)
        try:
            spill = work.spill / "sort"
            write_records.write(
                records, output.path, unfinished, spill, sort_time=output.sort_time, raw_csv=output.raw_csv
            )
        except views.UNREADABLE as error:
            raise run.damaged(output.view) from error
        work.deliver([] if output.path == output_files.STDOUT else [(unfinished, Path(output.path).absolute())])
