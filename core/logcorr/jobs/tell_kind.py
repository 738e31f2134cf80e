"""Tells the kind of a log by its lines: requests and responses that are joined, or whole exchanges."""

from collections.abc import Sequence

from logcorr.formats.own_profiles import OWN
from logcorr.formats.profile_registry import Registry
from logcorr.inputs import tell_format
from logcorr.inputs.files import InputFile
from logcorr.inputs.tell_format import AmbiguousError, Candidate
from logcorr.jobs.tell_logs import Sample, Teller, ToldFormat, View, read_options, sample
from logcorr.model.errors import InputError
from logcorr.model.options import Reading
from logcorr.model.told import Kind

_KINDS: tuple[Kind, Kind] = ("pairs", "exchanges")
_MOST_FILES = 16


def kind_of(files: Sequence[InputFile], reading: Reading, form: str | None = None) -> Kind:
    """The kind of a log of some files; `form` is the name of a format, if the user gave one.

    Where formats of both kinds read the log, the kind counts whose format reads more values. Raises InputError where
    no format reads a line or several read the lines differently, and UsageError for a name that is none.
    """
    return KindTeller(reading, form).told(files)[0]


class KindTeller:
    """Tells the kind and the format of logs. Each log is looked at once, for both kinds."""

    def __init__(self, reading: Reading, form: str | None) -> None:
        self._reading, self._form = reading, form
        self._registry = Registry(reading.files)
        self._found: dict[tuple[int, tuple[str, ...]], list[Candidate]] = {}
        self._samples: dict[tuple[str, ...], Sample] = {}
        options = read_options(reading, collapse_ids=False)
        self._tellers = {
            kind: _RememberingTeller(self._registry, reading, options, pairs=kind == "pairs", found=self._found)
            for kind in _KINDS
        }

    def told(self, files: Sequence[InputFile]) -> tuple[Kind, Sample, ToldFormat]:
        """The kind of a log, sampled lines, and their format. Where the files differ, those of the first file count.

        Raises as `kind_of` does.
        """
        try:
            return self.of_sample(self._sample(files))
        except InputError as error:
            if len(files) == 1:
                raise
            # Each file of an access log may have a format of its own.
            for file in files[:_MOST_FILES]:
                try:
                    return self.of_sample(self._sample([file]))
                except InputError:
                    continue
            raise error from None

    def candidates(self, files: Sequence[InputFile]) -> list[Candidate]:
        """What each format that may fit reads of sampled lines of a log. Raises InputError."""
        log = self._sample(files)
        return self._tellers["pairs"].candidates(log, log.view)

    def _sample(self, files: Sequence[InputFile]) -> Sample:
        """Sampled lines of a log. They are read once."""
        names = tuple(file.name for file in files)
        if names not in self._samples:
            self._samples[names] = sample(files, self._reading)
        return self._samples[names]

    def of_sample(self, log: Sample) -> tuple[Kind, Sample, ToldFormat]:
        """The kind and the format of a log by its sample. Raises as `kind_of` does."""
        if not log.view.has_lines and self._form is None:
            raise InputError(f"{log.name!r}: there is no line to tell the format by. Name it by --format.")
        kind = self._kind(log)
        return kind, log, self._tellers[kind].format_of(log, self._form)

    def _kind(self, log: Sample) -> Kind:
        """The kind of a log. Of a log that cannot be read it is "pairs", by which the reason is told."""
        if self._form is not None:
            return "pairs" if self._form == OWN or self._registry.get(self._form).is_pair else "exchanges"
        if self._reading.fields is not None:
            return "pairs" if self._reading.where_request is not None else "exchanges"
        for heads in dict.fromkeys([log.view.heads, ()]):
            found = self._tellers["pairs"].candidates(log, log.without(heads))
            best = {kind: _best([one for one in found if one.profile.is_pair == (kind == "pairs")]) for kind in _KINDS}
            known = {kind: one for kind, one in best.items() if one is not None}
            if known:
                return max(known, key=lambda kind: (known[kind].claims, known[kind].values))
        return "pairs"


class _RememberingTeller(Teller):
    """A teller that remembers what was found in a log. `found` is shared by tellers of all kinds."""

    def __init__(
        self, *args: object, found: dict[tuple[int, tuple[str, ...]], list[Candidate]], **named: object
    ) -> None:
        super().__init__(*args, **named)  # type: ignore[arg-type]
        self._found = found

    def candidates(self, log: Sample, view: View) -> list[Candidate]:
        key = (id(log), view.heads)
        if key not in self._found:
            self._found[key] = super().candidates(log, view)
        return self._found[key]


def _best(candidates: list[Candidate]) -> Candidate | None:
    """The candidate that counts; of several that read the lines differently, the one that reads most values."""
    try:
        return tell_format.told(candidates)
    except AmbiguousError as error:
        return max((one for one in candidates if one.profile.name in error.names), key=lambda one: one.values)
