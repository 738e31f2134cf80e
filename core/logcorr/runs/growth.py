"""What a run keeps so that a later run on the same logs, once they have grown, can go on from it.

All of it is below `growth/` in the run folder. A run is whole without it, and no view is part of it. It is of use to
the same versions of logcorr and polars alone, as hashes are among it. Whatever is missing or damaged of it only means
that the later run is made from scratch.
"""

import hashlib
import os
import shutil
from pathlib import Path
from typing import IO

import msgspec
import numpy as np
import polars as pl

from logcorr.compute.zero_copy_text import UInt64Array
from logcorr.model.ledger import ClockCounts

FOLDER = "growth"
FACTS = "growth.json"
SUMS, USERS = "sums.bin", "users.ipc"
_SAMPLES, _SAMPLE_BYTES = 64, 4096


class LogSoFar(msgspec.Struct, frozen=True, kw_only=True):
    """A log as far as a run has read it. Lists are by file, in the order of the files.

    `ends` are the bytes that were read of each file, `digests` are hashes of samples of these bytes, `identities` its
    device and inode, `lines` and `text_bytes` count them, and `starts` are the rows at which the files start. The other
    counts are those of the ledger; `malformed` are by reason.
    """

    ends: list[int]
    digests: list[str]
    identities: list[tuple[int, int]]
    lines: list[int]
    text_bytes: list[int]
    starts: list[int]
    blank: int
    header: int
    other: int
    repaired: int
    joined: int
    clock: ClockCounts
    heads: dict[str, int]
    malformed: dict[str, int]


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has read and settled.

    `spans` are the first and the last instant (µs) of each side, `entries` its entries. `parts` are the parts of the
    view of exchanges that no id of any other entry touches: their rows by name. `alone` tells that rows of the logs
    are among the hashes of lines: then no row may get another number. `files` are the bytes of the other files below
    the folder.
    """

    polars: str
    logs: dict[str, LogSoFar]
    spans: dict[str, tuple[int | None, int | None]]
    entries: dict[str, int]
    parts: dict[str, int]
    alone: bool
    files: dict[str, int]


class GrowthFolder:
    """The folder of a run that its growth starts from. `path` is the folder itself."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Growth | None:
        """What was kept; None where it is missing, damaged, or of another version of polars."""
        try:
            found = msgspec.json.decode((self.path / FACTS).read_bytes(), type=Growth)
            whole = all((self.path / name).stat().st_size == size for name, size in found.files.items())
        except (OSError, msgspec.MsgspecError):
            return None
        return found if whole and found.polars == pl.__version__ else None

    def write(self, growth: Growth) -> None:
        """Writes the facts, last of all files. Their sizes are noted."""
        files = {path.name: path.stat().st_size for path in self.path.iterdir()}
        (self.path / FACTS).write_bytes(msgspec.json.encode(msgspec.structs.replace(growth, files=files)))

    def keys_of(self, part: str) -> Path:
        """The file of the keys of the exchanges of a part."""
        return self.path / f"keys-{part}.bin"

    def keys(self, part: str) -> UInt64Array:
        """The keys of the exchanges of a part."""
        return np.fromfile(self.keys_of(part), np.uint64)

    def write_keys(self, part: str, keys: UInt64Array) -> None:
        """Writes the keys of the exchanges of a part. A file that is linked elsewhere stays there as it was."""
        path = self.keys_of(part)
        path.unlink(missing_ok=True)
        keys.tofile(path)

    def adopt_keys(self, other: "GrowthFolder", part: str) -> None:
        """Takes over the keys of a part from another run."""
        link(other.keys_of(part), self.keys_of(part))

    def hidden(self, part: str) -> Path:
        """The file of the columns of a part that its view does not show, where there are any."""
        return self.path / f"hidden-{part}.ipc"

    def entries(self, side: str, which: str) -> Path:
        """The file of the entries of a side that are in no settled part: those of `which` are recent or older."""
        return self.path / f"{side}-{which}.ipc"

    def remove(self) -> None:
        """Deletes all of it: the run cannot be gone on from."""
        shutil.rmtree(self.path)


def link(source: Path, target: Path) -> None:
    """Gives a file a second name, or copies it where the disk knows no second names. Raises OSError."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def sampled(stream: IO[bytes], size: int) -> str:
    """A hash of samples of the first `size` bytes of a stream, evenly spread, both ends among them."""
    digest = hashlib.blake2b(digest_size=16)
    step = max(_SAMPLE_BYTES, -(-(size - _SAMPLE_BYTES) // (_SAMPLES - 1)))
    for start in [*range(0, max(size - _SAMPLE_BYTES, 0), step), max(size - _SAMPLE_BYTES, 0)]:
        stream.seek(start)
        digest.update(stream.read(min(_SAMPLE_BYTES, size - start)))
    return digest.hexdigest()
