"""Files → splits of about equal size; a split → files with windows, whose lines are in no other split."""

from collections.abc import Mapping, Sequence

import msgspec

from logcorr.cluster.plan import Piece, PlannedFile, Split
from logcorr.inputs.decompress import open_text
from logcorr.inputs.files import InputFile, open_bytes, unreadable
from logcorr.model.ledger import Log

_LOOK_BYTES = 1 << 16
# A split of so many bytes, and so many times as many as the mean, keeps others waiting.
_LARGE_BYTES = 1 << 31
_MANY_TIMES = 4


def splits_of(
    files: Mapping[Log, Sequence[InputFile]],
    split_bytes: int,
    in_order: Mapping[Log, Sequence[bool]],
    together: Sequence[Log],
) -> list[Split]:
    """The splits of all logs, in the order of logs, files and bytes.

    Plain files are cut into pieces of about `split_bytes`, unless `in_order` tells of a file that its lines depend on
    the lines above them. Small files share a split. Files of logs that are `together` are all in one split.
    """
    splits = []
    for log, of_log in files.items():
        pieces: list[Piece] = []
        for number, file in enumerate(of_log):
            cut = file.compression == "plain" and not in_order[log][number] and file.bytes > split_bytes
            if cut and has_lines_anywhere(file):
                splits += _closed(log, pieces)
                splits += [
                    Split(log=log, pieces=[Piece(number, start, min(file.bytes, start + split_bytes))])
                    for start in range(0, file.bytes, split_bytes)
                ]
                pieces = []
                continue
            if sum(piece.end - piece.start for piece in pieces) + file.bytes > split_bytes and log not in together:
                splits += _closed(log, pieces)
                pieces = []
            pieces.append(Piece(number, 0, file.bytes))
        splits += _closed(log, pieces)
    return splits


def notes_on(splits: Sequence[Split], files: Mapping[Log, Sequence[InputFile]]) -> list[str]:
    """What the user should know of splits that take much longer than others."""
    usual = sum(split.bytes for split in splits) / max(1, len(splits))
    found = []
    for split in splits:
        if split.bytes > max(_LARGE_BYTES, _MANY_TIMES * usual):
            name = files[split.log][split.pieces[0].file].name
            times = f"{split.bytes / usual:.0f} times as much as the mean"
            found.append(f"{name!r} is read by one worker, {times}: several files would be read at once.")
    return found


def has_lines_anywhere(file: InputFile) -> bool:
    """Whether any part of a plain file is lines: not so where it holds JSON documents. Raises InputError."""
    with open_text(file) as stream:
        return stream.seekable()


def windows(split: Split, files: Sequence[PlannedFile], opened: Mapping[int, InputFile]) -> list[InputFile]:
    """The files of a split, each with the window of the whole lines that begin in its piece. Raises InputError.

    `opened` are its files by their numbers in the log. A piece that is a whole file has no window.
    """
    found = []
    for piece in split.pieces:
        file = opened[piece.file]
        if (piece.start, piece.end) == (0, files[piece.file].bytes):
            found.append(file)
            continue
        window = line_start(file, piece.start), line_start(file, piece.end)
        found.append(msgspec.structs.replace(file, window=window, text_bytes=window[1] - window[0]))
    return found


def line_start(file: InputFile, at: int) -> int:
    """Where the first line begins at or after a place: what ends one piece begins the next. Raises InputError."""
    if at <= 0 or at >= file.bytes:
        return min(max(at, 0), file.bytes)
    place = at - 1
    try:
        with open_bytes(file) as stream:
            stream.seek(place)
            while block := stream.read(_LOOK_BYTES):
                found = block.find(b"\n")
                if found >= 0:
                    return place + found + 1
                place += len(block)
    except OSError as error:
        raise unreadable(file.name, error) from error
    return file.bytes


def _closed(log: Log, pieces: list[Piece]) -> list[Split]:
    return [Split(log=log, pieces=pieces)] if pieces else []
