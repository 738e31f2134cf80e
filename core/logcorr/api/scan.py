"""`logcorr.scan`: the entries of a log as a lazy frame."""

from typing import Unpack

import polars as pl

from logcorr.api import options as options_
from logcorr.api import values
from logcorr.api.values import Paths, ReadingKeywords
from logcorr.jobs import scan as job
from logcorr.model.errors import UsageError
from logcorr.model.options import Reading


def scan(
    path: Paths,
    format: str | None = None,  # noqa: A002 - the word of the command line
    *,
    reading: Reading | None = None,
    **options: Unpack[ReadingKeywords],
) -> pl.LazyFrame:
    """The entries of a log: a row for each request, response or exchange.

    `path` names files, globs or folders, as on the command line. `format` is the name of a format; without it the lines
    tell it. `ReadingKeywords` in `logcorr.api.values` describes the options; `reading` has them all in one.

    Columns: kind ("request", "response" or "exchange"), request_id, time (UTC, µs), user_id, status_code, given_us (the
    duration that the line tells, µs), a column for each attribute of the format, file and line (from 1). Only the
    columns that are asked for leave the reader. Raises InputError and UsageError as the commands do.
    """
    if reading is not None and options:
        raise UsageError("scan() takes reading, or options in place of it.")
    told = values.values_of("scan", options, ReadingKeywords)
    read = reading or options_.reading({**told, "format": format}, values.as_keyword)
    return job.scan(values.words("path", path), format, reading=read)
