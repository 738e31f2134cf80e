"""The manifest of a run folder: the inputs and options of the run, and the files of the folder."""

from typing import Any

import msgspec

SCHEMA = 1


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """Identifies the content of an input file: its size, its time of change, and a hash of its start and its end."""

    path: str
    bytes: int
    mtime_ns: int
    digest: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a run folder holds. The manifest is written last and read first, so a folder that has one is complete.

    `files` lists the input files of each side in order, as the user named them; the `*_file` columns of a view are
    indexes into this list. `parts` gives the bytes of every Parquet file of the views. `attributes` lists the columns
    that exchanges have in addition to the fixed columns.
    """

    schema: int
    kind: str
    key: str
    version: str
    created: str
    options: dict[str, Any]
    inputs: dict[str, list[Fingerprint]]
    files: dict[str, list[str]]
    parts: dict[str, int]
    attributes: list[str]
    rows: dict[str, int]
    headline: dict[str, Any]
