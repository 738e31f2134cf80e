"""The manifest of a run folder: what the run is of and which files it has."""

from typing import Any

import msgspec

SCHEMA = 1


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """What tells whether an input is still the same file: size, time of change, and a hash of both its ends."""

    path: str
    bytes: int
    mtime_ns: int
    digest: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a run folder: written last, read first.

    `files` gives for each side the input files in order, as the user named them; a view's `*_file` columns index it.
    `parts` gives the bytes of every Parquet file of the views; `attributes` lists the columns that exchanges carry
    beside the fixed ones.
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
