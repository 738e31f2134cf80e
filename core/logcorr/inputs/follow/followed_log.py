"""A log that grows becomes entries, poll by poll. Every line counts once."""

from collections.abc import Callable, Iterable

import polars as pl

from logcorr.inputs.file_form import FileForm, OpenForm
from logcorr.inputs.follow.follower import Piece
from logcorr.inputs.sorted_lines import SortedLines, sorted_lines
from logcorr.inputs.whole_lines import line_count
from logcorr.model.ledger import Side

_MOST_FORMS = 1000
CLASSES = ("lines", "blank", "header", "other", "malformed", "repaired", "requests", "responses", "exchanges")


class FollowedLog:
    """Reads the pieces that a follower gives. `new_form` makes the form of a file by its first lines.

    With `only`, entries of the other side are lines of another kind. `counts` are lines by class, and entries.
    """

    def __init__(self, new_form: Callable[[bytes], FileForm], only: Side | None = None) -> None:
        self._new_form, self._only = new_form, only
        self._forms: dict[int, OpenForm] = {}
        # How far in time each file has come: the middle of the lines that were read last, in µs, by number.
        self.reached: dict[int, float] = {}
        self.counts = dict.fromkeys(CLASSES, 0)

    def read(self, pieces: Iterable[Piece]) -> dict[str, pl.DataFrame]:
        """The entries of each event in the lines of some pieces, with the columns that a profile reads."""
        frames: dict[str, list[pl.DataFrame]] = {}
        for piece in pieces:
            form = self._form_of(piece)
            parsed, repaired = form.parsed(piece.text, 0, {}, begins=piece.begins)
            self.counts["lines"] += line_count(piece.text)
            self.counts["repaired"] += repaired
            lines = sorted_lines(parsed, form, self._only, None)
            spans = [span.row(0) for _, span in lines.spans]
            if known := [time for span in spans for time in span if time is not None]:
                self.reached[piece.file] = (min(known) + max(known)) / 2
            self._note(lines, frames)
            if parsed.put_off is not None:
                late = form.reader.parse_put_off([parsed.put_off])
                self._note(sorted_lines(late, form, self._only, None), frames)
        return {event: pl.concat(of_event, how="diagonal") for event, of_event in frames.items()}

    def _form_of(self, piece: Piece) -> OpenForm:
        """The form of a file. Of many files those that were read last keep theirs."""
        form = self._forms.pop(piece.file, None)
        self._forms[piece.file] = form = form or OpenForm(self._new_form(piece.text))
        if len(self._forms) > _MOST_FORMS:
            oldest = next(iter(self._forms))
            del self._forms[oldest]
            self.reached.pop(oldest, None)
        return form

    def _note(self, read: SortedLines, frames: dict[str, list[pl.DataFrame]]) -> None:
        for name, count in read.counts.items():
            self.counts[name] += count
        for event, of_event in read.entries.items():
            frames.setdefault(event, []).extend(of_event)
