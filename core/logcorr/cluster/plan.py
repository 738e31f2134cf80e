"""What the driver and the steps of a run tell each other through the store: the plan, and what each step came to.

The plan of a run in progress is `.work/KEY/plan`. It begins with a mark that no other plan has. All other files lie
below `.work/KEY/MARK/`, so that nothing that an older plan has left is taken for this one's. There the driver writes
`told/…`. A step writes files under names of its own, and notes in `done/PHASE/INDEX` what it came to. The note is
created once, by whoever ends first.
"""

import uuid
from pathlib import Path
from typing import Any

import msgspec

from logcorr.cluster.store import Store
from logcorr.cluster.stored_names import WORK
from logcorr.inputs.files import ANY, Compression, InputFile
from logcorr.model.ledger import Log


class PlannedFile(msgspec.Struct, frozen=True, kw_only=True):
    """An input file as the driver saw it: what any machine needs to read it as it was then.

    `place` is its absolute path, or its URI where it is `remote`; `identity` is that of its source. Of its `bytes`
    those before `end` are read: a log that grows ends with its last whole line.
    """

    place: str
    name: str
    remote: bool
    identity: str
    bytes: int
    end: int
    text_bytes: int
    mtime_ns: int
    digest: str
    grown: bool
    compression: Compression
    window_log: int
    window_bytes: int
    frame_bytes: int

    @classmethod
    def of(cls, file: InputFile, end: int) -> "PlannedFile":
        """A file of this machine, or of a source, which is read up to `end`."""
        own = {name: getattr(file, name) for name in cls.__struct_fields__ if hasattr(file, name)}
        identity = "" if file.source is None else file.source.identity
        return cls(**{**own, "remote": file.source is not None, "identity": identity, "end": end})

    def file(self) -> InputFile:
        """The file as a machine reads it that may know it by another device and inode."""
        own = {name: getattr(self, name) for name in InputFile.__struct_fields__ if hasattr(self, name)}
        return InputFile(**{**own, "path": Path(self.place), "identity": ANY})


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """Bytes from `start` to before `end` of a file of a log: the lines that begin there."""

    file: int
    start: int
    end: int


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """What one step reads: pieces of files of one log, in order. `bytes` are those of the files on disk."""

    log: Log
    pieces: list[Piece]

    @property
    def bytes(self) -> int:
        return sum(piece.end - piece.start for piece in self.pieces)


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How the work is cut, and what a step holds in memory at most: bytes of text, of entries and of a bucket.

    Rows are put into `buckets` by a hash of their id, and into `parts` by a hash of the text that they are counted by.
    `memory_bytes` are those of a worker.
    """

    memory_bytes: int
    buckets: int
    parts: int
    chunk_bytes: int
    flush_bytes: int
    bucket_bytes: int
    most_counts: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All that steps need to know, fixed before the first of them.

    `kind` is that of the report. `canary` and `versions` must be those of every worker. `own` is what only the steps of
    this kind of run know.
    """

    key: str
    kind: str
    canary: str
    versions: dict[str, str]
    files: dict[Log, list[PlannedFile]]
    splits: list[Split]
    sizes: Sizes
    own: msgspec.Raw


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What a step came to: facts for the driver, the files that it wrote with their bytes, and who did it.

    `files` has their names in the store, by what is in them.
    """

    facts: dict[str, Any]
    files: dict[str, str] = {}
    sizes: dict[str, int] = {}
    seconds: float
    cpu_s: float
    peak_rss_bytes: int
    worker: str
    versions: dict[str, str] = {}


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a try of a step failed. A `final` one is not tried again; `kind` is the class of its error."""

    kind: str
    text: str
    worker: str
    final: bool


class WorkNames:
    """The names of the work files of a run by its plan."""

    def __init__(self, key: str, mark: str) -> None:
        self.folder = f"{WORK}{key}/{mark}/"

    def told(self, name: str) -> str:
        """What the driver tells the steps."""
        return f"{self.folder}told/{name}"

    @property
    def beats(self) -> str:
        """The folder in which each driver tells that it is there."""
        return f"{self.folder}alive/"

    def notes(self, phase: str) -> str:
        """The folder of the notes of a phase."""
        return f"{self.folder}done/{phase}/"

    def note(self, phase: str, index: int) -> str:
        """The note of a step."""
        return f"{self.notes(phase)}{index:06d}"

    def failures(self, phase: str) -> str:
        """The folder of what went wrong in a phase."""
        return f"{self.folder}failed/{phase}/"

    def failure(self, phase: str, index: int) -> str:
        """A new name for what went wrong in a step."""
        return f"{self.failures(phase)}{index:06d}-{uuid.uuid4().hex[:8]}"

    def made(self, kind: str, name: str) -> str:
        """What a step has made for others."""
        return f"{self.folder}made/{kind}/{name}"


def index_of(name: str) -> int:
    """The index of a step, of the name of a note or of a failure."""
    return int(name.rpartition("/")[2].partition("-")[0])


_MARK_BYTES = 16


def plan_name(key: str) -> str:
    """The name of the plan of a run."""
    return f"{WORK}{key}/plan"


def encoded_plan(plan: Plan) -> bytes:
    """A plan as a file, with a new mark."""
    return uuid.uuid4().hex[:_MARK_BYTES].encode() + msgspec.msgpack.encode(plan)


def decoded_plan(data: bytes) -> tuple[str, Plan]:
    """The mark and the plan of a file. Raises msgspec.ValidationError."""
    return data[:_MARK_BYTES].decode(), msgspec.msgpack.decode(memoryview(data)[_MARK_BYTES:], type=Plan)


def plan_mark(store: Store, key: str) -> str | None:
    """The mark of the plan of a run that is under way; None where there is none."""
    try:
        return store.get_range(plan_name(key), 0, _MARK_BYTES).decode()
    except FileNotFoundError:
        return None
