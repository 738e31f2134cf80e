"""A log that grows becomes entries, poll by poll. Every line counts once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import polars as pl

from logcorr.formats.profile_reader import MALFORMED_LINE
from logcorr.inputs.file_form import FileForm, OpenForm
from logcorr.inputs.follow.follower import Piece
from logcorr.inputs.follow.line_places import LinePlaces
from logcorr.inputs.sorted_lines import SortedLines, sorted_lines
from logcorr.inputs.whole_lines import line_count
from logcorr.model.ledger import Side

PLACE = "place"
_MOST_FORMS = 1000
CLASSES = ("lines", "blank", "header", "other", "malformed", "repaired", "requests", "responses", "exchanges")


NewForm = Callable[[int, bytes], FileForm | Literal["wait", "leave"]]


class FollowedLog:
    """Reads the pieces that a follower gives. `new_form` makes the form of a file by its number and its first lines.

    It gives "wait" where more lines are needed for that, and "leave" for a file that is no log.

    With `only`, entries of the other side are lines of another kind. `counts` are lines by class, and entries.
    """

    def __init__(self, new_form: NewForm, only: Side | None = None) -> None:
        self._new_form, self._only = new_form, only
        # Lines of files whose form is not told yet.
        self._waiting: dict[int, list[Piece]] = {}
        self._forms: dict[int, OpenForm] = {}
        # How far in time each file has come: the middle of the lines that were read last, in µs, by number.
        self.reached: dict[int, float] = {}
        self.counts = dict.fromkeys(CLASSES, 0)
        # Malformed lines by reasons.
        self.reasons: Counter[str] = Counter()
        self.places = LinePlaces()

    def read(self, pieces: Iterable[Piece]) -> dict[str, pl.DataFrame]:
        """The entries of each event in the lines of some pieces, with the columns that a profile reads.

        The column `place` (Int64) tells where the line of an entry stands.
        """
        frames: dict[str, list[pl.DataFrame]] = {}
        for form, piece in self._told(pieces):
            parsed, repaired = form.parsed(piece.text, 0, {}, begins=piece.begins)
            count = line_count(piece.text)
            place = self.places.note(piece, count)
            self.counts["lines"] += count
            self.counts["repaired"] += repaired
            lines = sorted_lines(parsed, form, self._only, None)
            spans = [span.row(0) for _, span in lines.spans]
            if known := [time for span in spans for time in span if time is not None]:
                self.reached[piece.file] = (min(known) + max(known)) / 2
            self._note(lines, place, frames)
            if parsed.put_off is not None:
                late = form.reader.parse_put_off([parsed.put_off])
                self._note(sorted_lines(late, form, self._only, None), place, frames)
        return {event: pl.concat(of_event, how="diagonal") for event, of_event in frames.items()}

    def _told(self, pieces: Iterable[Piece]) -> Iterator[tuple[OpenForm, Piece]]:
        """The pieces with the forms of their files, once these are told."""
        for piece in pieces:
            form = self._form_of(piece.file)
            if form is not None:
                yield form, piece
                continue
            waiting = [*self._waiting.pop(piece.file, ()), piece]
            told = self._new_form(piece.file, b"".join(one.text for one in waiting))
            if told == "wait":
                self._waiting[piece.file] = waiting
            elif isinstance(told, FileForm):
                form = self._forms[piece.file] = OpenForm(told)
                yield from ((form, one) for one in waiting)

    def _form_of(self, file: int) -> OpenForm | None:
        """The form of a file, if it is known. Of many files those that were read last keep theirs."""
        form = self._forms.pop(file, None)
        if form is not None:
            self._forms[file] = form
        if len(self._forms) > _MOST_FORMS:
            oldest = next(iter(self._forms))
            del self._forms[oldest]
            self.reached.pop(oldest, None)
        return form

    def _note(self, read: SortedLines, place: int, frames: dict[str, list[pl.DataFrame]]) -> None:
        for name, count in read.counts.items():
            self.counts[name] += count
        for kind, lines in read.aside:
            if kind == MALFORMED_LINE:
                self.reasons.update(map(str, lines["reason"].to_list()))
        placed = (pl.col("row").cast(pl.Int64) + place).alias(PLACE)
        for event, of_event in read.entries.items():
            frames.setdefault(event, []).extend(entries.with_columns(placed) for entries in of_event)
