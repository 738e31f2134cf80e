"""Whether files look like access logs, by their first lines: for files that are given without their kind.

For most files the bytes alone decide, without polars: polars takes longer to load than a person wants to wait.
"""

from collections.abc import Sequence

from logcorr.inputs.decompress import open_text, read_text
from logcorr.inputs.files import InputFile

_MOST_FILES = 16
_HEAD_BYTES = 64 << 10
_FORMS = ("ndjson", "caddy", "traefik", "nginx", "combined")
# Each line of every known form has one of these two.
_SIGNS = (b"{", b'] "')


def is_access_log(files: Sequence[InputFile]) -> bool:
    """Whether in each file half or more of the first lines are of a known form. Only the first files are looked at.

    Files without lines tell nothing, and by themselves are not taken for access logs. Raises InputError where a file
    cannot be read.
    """
    if not any(_may_be(file) for file in files[:_MOST_FILES]):
        return False
    from logcorr.formats.line_format import SPACE
    from logcorr.inputs.sample_lines import sample

    samples = [lines for file in files[:_MOST_FILES] if (lines := [line for line in sample(file) if line.strip(SPACE)])]
    return bool(samples) and all(_known(lines) for lines in samples)


def _may_be(file: InputFile) -> bool:
    with open_text(file) as stream:
        head = read_text(file, stream, _HEAD_BYTES)
    return any(sign in head for sign in _SIGNS)


def _known(lines: Sequence[str]) -> bool:
    from logcorr.formats.profile_reader import ReadOptions
    from logcorr.formats.profile_registry import Registry
    from logcorr.inputs.tell_format import candidate

    registry = Registry(())
    read = (candidate(registry.get(name), lines, ReadOptions()).read for name in _FORMS)
    return any(entries * 2 >= len(lines) for entries in read)
