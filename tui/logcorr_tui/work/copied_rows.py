"""What is copied of a row of a table: its values as a record, and the raw lines that it was made of."""

import threading

from logcorr.query.table_columns import Row
from logcorr.text import instants
from logcorr_tui.look.file_names import file_name
from logcorr_tui.state.found_rows import RowSource
from logcorr_tui.work.line_positions import line_positions
from logcorr_tui.work.raw_lines import RawLineReader
from logcorr_tui.work.view_rows import values_by_column


def row_record(pages: RowSource, row: Row) -> dict[str, object]:
    """The values of a row by column, as an export has them: instants as RFC 3339 in UTC, files by their names."""
    values = values_by_column(pages, row)
    side = values.get("side")
    record: dict[str, object] = {}
    for column in pages.columns:
        value = values[column.name]
        if isinstance(value, int) and column.kind == "instant":
            record[column.name] = instants.text(value)
        elif isinstance(value, int) and column.kind == "file":
            record[column.name] = file_name(column, value, pages.files, side if isinstance(side, str) else None)
        else:
            record[column.name] = value
    return record


def raw_lines_of(pages: RowSource, row: Row, cancel: threading.Event) -> list[str]:
    """The raw lines of a row, those of the request first. Reads the logs, so call it in a thread."""
    manifest = pages.run.manifest
    reader, lines = RawLineReader(), list[str]()
    for log, index, line in line_positions(values_by_column(pages, row), manifest.files).values():
        excerpt = reader.read(log, manifest.inputs[log][index], line, cancel)
        lines += [text for number, text in excerpt.lines if number == line]
    return lines
