"""How the entries of a correlation are read: all that readers need to know, once the formats of the logs are told."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from logcorr.formats.pair_lines import PairFormat
from logcorr.formats.profile import Profile
from logcorr.formats.profile_reader import ProfileReader, ReadOptions
from logcorr.formats.timestamps import CommonForm
from logcorr.inputs.file_form import FileForm, OpenForm
from logcorr.inputs.files import InputFile
from logcorr.inputs.log_reader import LogReader
from logcorr.inputs.reader import SideReader
from logcorr.inputs.reading_progress import ReadingProgress
from logcorr.jobs.event_sources import EntryReader, EventSource, OneLog, ProfileSide, TwoLogs, entry_columns
from logcorr.jobs.tell_logs import ToldFormat
from logcorr.model.ledger import ONE_LOG, SIDES, Log, Side
from logcorr.pairing.entry_columns import EntryColumns

# So many bytes of a chunk of one log give an entry to each side, about.
_BYTES_PER_BATCH_ROW = 55
# Lines of other logs are so many times as long, and a chunk should have as many lines.
_LONGER_LINES = 3


class ReadingPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a reader keeps lines that are no entries, how large its chunks are, and who takes reports of progress.

    `threads` are those that read one log; each log of two has a thread of its own, and half of the others.
    """

    folder: Path
    chunk_bytes: int
    progress: ReadingProgress
    threads: int = 1


class PairReading(msgspec.Struct, frozen=True, kw_only=True):
    """How the entries of both sides are read. It can be told to another process.

    `told` has the format of each log, and is empty for logcorr's own two line forms; of these `stamps` are the common
    forms of timestamps. `shifts_us` is added to every instant of a side. Where only a part of a log is read, entries
    have the column ALONE (`options.marks_alone`): their rows are not those of the log.
    """

    told: dict[Log, ToldFormat]
    stamps: dict[Side, CommonForm]
    options: ReadOptions
    shifts_us: dict[Side, int]

    def source(self, files: Mapping[Log, list[InputFile]], place: ReadingPlace) -> EventSource:
        """Reads the entries of the logs; of two logs it may be one."""
        if ONE_LOG in files:
            columns = self._columns()
            reader = self._log_reader(ONE_LOG, files[ONE_LOG], None, place)
            return OneLog(reader, columns, self.shifts_us, place.chunk_bytes // _BYTES_PER_BATCH_ROW)
        return TwoLogs({side: self._side_reader(side, files[side], place) for side in SIDES if side in files})

    def depends_on_lines_above(self, log: Log) -> bool:
        """Whether the lines of a file of this log can only be read in order."""
        return log in self.told and not OpenForm(self._form(log)).independent

    def depends_on_files_before(self, log: Log) -> bool:
        """Whether the files of this log can only be read in order: restarts count on from file to file."""
        return log in self.told and any(rule.event == "restart" for rule in self.told[log].profile.rules)

    def _columns(self) -> EntryColumns:
        columns = entry_columns(self._profiles())
        return msgspec.structs.replace(columns, alone=True) if self.options.marks_alone else columns

    def _profiles(self) -> dict[Side, Profile]:
        one = self.told.get(ONE_LOG)
        return {side: (one or self.told[side]).profile for side in SIDES}

    def _side_reader(self, side: Side, files: list[InputFile], place: ReadingPlace) -> EntryReader:
        if self.told:
            columns = self._columns()
            return ProfileSide(side, self._log_reader(side, files, side, place), columns, self.shifts_us[side])
        form = PairFormat(side=side, form=self.stamps[side], shift_us=self.shifts_us[side])
        folder, threads = place.folder / side, place.threads // 2
        return SideReader(form, files, folder, place.chunk_bytes, place.progress, threads=threads)

    def _log_reader(self, log: Log, files: list[InputFile], only: Side | None, place: ReadingPlace) -> LogReader:
        return LogReader(
            log,
            [self._form(log)],
            files,
            place.folder / log,
            place.progress,
            chunk_bytes=_LONGER_LINES * place.chunk_bytes,
            only=only,
            threads=place.threads if log == ONE_LOG else place.threads // 2,
        )

    def _form(self, log: Log) -> FileForm:
        told = self.told[log]
        return FileForm(reader=ProfileReader(told.profile, self.options), heads=told.heads)
