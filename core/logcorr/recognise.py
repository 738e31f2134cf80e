"""Whether files look like access logs, by their first lines: for whoever is given files without a word about them."""

from collections.abc import Sequence

import polars as pl

from logcorr import lines
from logcorr.accesslog import AccessFormat, detect
from logcorr.formats import LINE_SCHEMA, SPACE
from logcorr.inputs import InputFile
from logcorr.timestamps import CommonForm

_MOST_FILES = 16


def is_access_log(files: Sequence[InputFile]) -> bool:
    """Whether half or more of the first lines of each file are of a known form, as far as files are looked at.

    Files without a line tell nothing; where there are no others, they are not taken for access logs.
    """
    samples = [
        found for file in files[:_MOST_FILES] if (found := [line for line in lines.sample(file) if line.strip(SPACE)])
    ]
    return bool(samples) and all(_known(sample) for sample in samples)


def _known(sample: Sequence[str]) -> bool:
    frame = pl.DataFrame(
        {"line": sample, "row": range(len(sample)), "refused": [None] * len(sample)}, schema=LINE_SCHEMA
    )
    read = AccessFormat(name=detect(sample), stamps=CommonForm()).classify(frame)
    return int(read["valid"].sum()) * 2 >= len(sample)
