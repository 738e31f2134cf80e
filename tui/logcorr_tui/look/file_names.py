"""The names of log files, which rows have by their number in a log."""

from logcorr.query.table_columns import Column


def file_name(column: Column, number: int, files: dict[str, list[str]], side: str | None) -> str:
    """The name of a file by its number in a column of a row of a side. The number, where there is no such file."""
    names = _names(column, files, side)
    return names[number] if number < len(names) else str(number)


def _names(column: Column, files: dict[str, list[str]], side: str | None) -> list[str]:
    """The names that the file numbers of a column stand for. With one log only, all of them are its files."""
    if len(files) == 1:  # an access log, or one log with both events
        return next(iter(files.values()))
    return files.get(column.name.removesuffix("_file") if column.name != "file" else side or "", [])
