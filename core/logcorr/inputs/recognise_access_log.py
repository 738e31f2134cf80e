"""Whether files look like access logs, by their first lines: for whoever is given files without a word about them.

Most are told apart without the engine, which takes longer to load than a person wants to wait for a first picture.
"""

from collections.abc import Sequence

from logcorr.inputs.decompress import open_text, read_text
from logcorr.inputs.files import InputFile

_MOST_FILES = 16
_HEAD_BYTES = 64 << 10
# Every known form has one or the other in each line.
_SIGNS = (b"{", b'] "')


def is_access_log(files: Sequence[InputFile]) -> bool:
    """Whether half or more of the first lines of each file are of a known form, as far as files are looked at.

    Files without a line tell nothing; where there are no others, they are not taken for access logs. Raises InputError.
    """
    if not any(_may_be(file) for file in files[:_MOST_FILES]):
        return False
    from logcorr.formats.line_format import SPACE
    from logcorr.inputs.samples import sample

    samples = [found for file in files[:_MOST_FILES] if (found := [line for line in sample(file) if line.strip(SPACE)])]
    return bool(samples) and all(_known(sample) for sample in samples)


def _may_be(file: InputFile) -> bool:
    with open_text(file) as stream:
        head = read_text(file, stream, _HEAD_BYTES)
    return any(sign in head for sign in _SIGNS)


def _known(sample: Sequence[str]) -> bool:
    import polars as pl

    from logcorr.formats.access_lines import AccessFormat, detect
    from logcorr.formats.line_format import LINE_SCHEMA
    from logcorr.formats.timestamps import CommonForm

    frame = pl.DataFrame(
        {"line": sample, "row": range(len(sample)), "refused": [None] * len(sample)}, schema=LINE_SCHEMA
    )
    read = AccessFormat(name=detect(sample), stamps=CommonForm()).classify(frame)
    return int(read["valid"].sum()) * 2 >= len(sample)
