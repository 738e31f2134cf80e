"""Finds the run that a correlation can go on from: the same options, and logs that have only grown since."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from logcorr import __version__
from logcorr.compute.line_ends import last_line_end
from logcorr.compute.parquet_slices import scan
from logcorr.inputs import changes
from logcorr.inputs.decompress import open_text
from logcorr.inputs.files import InputFile
from logcorr.inputs.line_numbers import MOST_LINES
from logcorr.model.errors import InputError
from logcorr.model.ledger import Log
from logcorr.model.manifest import Fingerprint, Manifest
from logcorr.runs.find_runs import all_runs
from logcorr.runs.growth import FOLDER, Growth, GrowthFolder, LogSoFar, sampled
from logcorr.runs.ownership import is_mine
from logcorr.runs.run_folder import RunFolder

# So many of the newest runs are looked at.
_MOST_RUNS = 50
# Where so many times as much is new as was read before, little is gained.
MOST_NEW = 1.0
_REFUSED = ("malformed", "other")


class Tail(msgspec.Struct, frozen=True, kw_only=True):
    """What is new of a log.

    `numbers` are those of the files in which something is new, and `files` are the files, with windows where only their
    ends are new. `again` are (file, line) of half lines that are read again, as they have got their ends since: they
    were malformed, or lines of another kind. `log` is what was read before, without these lines. The rows of the log
    start at `starts` from now on: there is room for all new lines, so numbers may be left out.
    """

    numbers: list[int]
    files: list[InputFile]
    again: list[tuple[int, int]]
    log: LogSoFar
    starts: list[int]


class BaseRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run to go on from: its folder, what it kept for that, and what is new of each log.

    `moved` tells that rows get other numbers than in the run.
    """

    run: RunFolder
    folder: GrowthFolder
    growth: Growth
    tails: dict[Log, Tail]
    moved: bool

    @property
    def new_bytes(self) -> int:
        """How many bytes of text are new, about."""
        return sum(file.text_bytes for tail in self.tails.values() for file in tail.files)


def find_base_run(
    root: Path,
    options: Mapping[str, Any],
    files: Mapping[Log, Sequence[InputFile]],
    fingerprints: Mapping[Log, Sequence[Fingerprint]],
) -> BaseRun | None:
    """The run below a root that has read the most of these logs; None where no run can be gone on from.

    `options` are those of the key of the run.
    """
    words = msgspec.json.decode(msgspec.json.encode(options))
    best: BaseRun | None = None
    for run in all_runs(root)[:_MOST_RUNS]:
        folder = GrowthFolder(run.path / FOLDER)
        if not folder.path.is_dir() or not is_mine(run.path):
            continue
        try:
            manifest = run.manifest
            if (manifest.kind, manifest.version, manifest.options) != ("correlation", __version__, words):
                continue
            found = _gone_on_from(run, manifest, folder, files, fingerprints)
            if found is not None and (best is None or found.new_bytes < best.new_bytes):
                run.check()
                best = found
        except (InputError, OSError, pl.exceptions.PolarsError):
            continue  # a damaged run, or one that is being removed: another one will do
    return best


def _gone_on_from(
    run: RunFolder,
    manifest: Manifest,
    folder: GrowthFolder,
    files: Mapping[Log, Sequence[InputFile]],
    fingerprints: Mapping[Log, Sequence[Fingerprint]],
) -> BaseRun | None:
    if {*manifest.files} != {*map(str, files)}:
        return None
    if any(
        [file.name for file in of_log][: len(manifest.files[log])] != manifest.files[log]
        for log, of_log in files.items()
    ):
        return None
    growth = folder.read()
    if growth is None or {*growth.logs} != {*files}:
        return None
    tails = {}
    for log, of_log in files.items():
        tail = _tail(run, log, growth.logs[log], of_log, (manifest.inputs[log], fingerprints[log]))
        if tail is None:
            return None
        tails[log] = tail
    moved = any(tail.starts[: len(tail.log.starts)] != tail.log.starts for tail in tails.values())
    base = BaseRun(run=run, folder=folder, growth=growth, tails=tails, moved=moved)
    before = sum(sum(tail.log.text_bytes) for tail in tails.values())
    return None if base.new_bytes > MOST_NEW * before or (moved and growth.alone) else base


def _tail(
    run: RunFolder,
    log: Log,
    before: LogSoFar,
    files: Sequence[InputFile],
    prints: tuple[Sequence[Fingerprint], Sequence[Fingerprint]],
) -> Tail | None:
    """What is new of a log; None where it has not only grown. `prints` are those of its files before and now."""
    then, now = prints
    numbers, new_files = [], []
    again: list[tuple[int, int]] = []
    for number, file in enumerate(files):
        if number >= len(then):
            numbers.append(number)
            new_files.append(file)
            continue
        end = before.ends[number]
        if now[number] == then[number] and end == file.bytes:
            continue
        # Editors and `sed -i` put another file in the place of a log.
        same = now[number].path == then[number].path and file.identity == before.identities[number]
        if not same or not _has_grown(file, end, before.digests[number]):
            return None
        start = _line_start(file, end)
        if start < end:
            again.append((number, before.lines[number]))
            if not _is_text(file, start, end):
                return None
        whole = changes.as_at_start([file])[0]
        numbers.append(number)
        new_files.append(msgspec.structs.replace(file, window=(start, whole.bytes), text_bytes=whole.bytes - start))
    if again:
        without = _without(run, log, before, again)
        if without is None:
            return None
        before = without
    starts = _starts(before, numbers, new_files, len(files))
    return None if starts is None else Tail(numbers=numbers, files=new_files, again=again, log=before, starts=starts)


def _has_grown(file: InputFile, end: int, digest: str) -> bool:
    """Whether a file still begins with what was read of it, and goes on behind that."""
    if file.compression != "plain" or file.source is not None or file.bytes <= end:
        return False
    # JSON documents are no lines.
    with open_text(file) as stream:
        if not stream.seekable():
            return False
    with file.path.open("rb") as stream:
        return sampled(stream, end) == digest


def _line_start(file: InputFile, end: int) -> int:
    """Where the lines begin that are new: at `end`, or where a line begins that had no end there."""
    with file.path.open("rb") as stream:
        return last_line_end(stream, end)


def _is_text(file: InputFile, start: int, end: int) -> bool:
    """Whether a part of a file is UTF-8 and holds more than spaces: a line that is not is counted in more ways."""
    with file.path.open("rb") as stream:
        stream.seek(start)
        try:
            return bool(stream.read(end - start).decode("utf8").strip())
        except UnicodeDecodeError:
            return False


def _without(run: RunFolder, log: Log, before: LogSoFar, lines: Sequence[tuple[int, int]]) -> LogSoFar | None:
    """What was read of a log without some lines. None where one of them is an entry, or counted in other ways too."""
    if before.clock != type(before.clock)() or before.heads or before.joined:
        return None
    counts = {"other": before.other}
    malformed, of_file = dict(before.malformed), list(before.lines)
    wanted = pl.DataFrame(lines, {"file": pl.UInt32, "line": pl.UInt32}, orient="row")
    found = 0
    for view in _REFUSED:
        parts = sorted(run.path.glob(f"{view}/{log}*.parquet"))
        if not parts:
            continue
        rows = scan(parts).select("file", "line", "reason").join(wanted.lazy(), on=["file", "line"]).collect()
        found += rows.height
        for reason in rows["reason"]:
            if view == "malformed":
                malformed[reason] -= 1
            else:
                counts["other"] -= 1
    if found != len(lines):
        return None
    for number, _ in lines:
        of_file[number] -= 1
    malformed = {reason: n for reason, n in malformed.items() if n}
    return msgspec.structs.replace(before, lines=of_file, malformed=malformed, other=counts["other"])


def _starts(before: LogSoFar, numbers: Sequence[int], new: Sequence[InputFile], files: int) -> list[int] | None:
    """The rows at which files start, with room for all new lines. None where there are not so many numbers.

    Files start where they did, if all new lines have room there. A file has fewer lines than bytes.
    """
    more = dict.fromkeys(range(files), 0)
    more |= {number: file.text_bytes + 1 for number, file in zip(numbers, new, strict=True)}
    lines = [*before.lines, *(0 for _ in range(files - len(before.lines)))]
    needed = [lines[number] + more[number] for number in range(files)]
    starts = list(before.starts)
    if any(start + need > after for start, need, after in zip(starts, needed, starts[1:], strict=False)):
        # Each file gets as much room again as it may need, so that the next time no row has to move.
        starts = [0]
        for number in range(1, len(before.starts)):
            starts.append(starts[-1] + needed[number - 1] + more[number - 1] * len(numbers))
    for number in range(len(starts), files):
        starts.append(starts[-1] + needed[number - 1] if starts else 0)
    return starts if starts[-1] + needed[-1] < MOST_LINES else None
