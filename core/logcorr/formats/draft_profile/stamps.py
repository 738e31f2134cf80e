"""Times in the texts of a log: where they are, and their form."""

import re
from collections import Counter
from collections.abc import Iterable

_MONTH, _DAY_NAME, _CLOCK = "[A-Z][a-z]{2}", "[A-Z][a-z]{2}", r"\d\d:\d\d:\d\d"
# Patterns of times and their forms. {f} stands for a fraction, {z} for a zone; both may be missing.
_ZONE = r"(?: ?(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?"
_FORMS = (
    (rf"\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?:[.,]\d+)?{_ZONE}", "rfc3339"),
    (rf"\d\d?/{_MONTH}/\d{{4}}:{_CLOCK}\.\d+ [+-]\d{{4}}", "%d/%b/%Y:%H:%M:%S.%f %z"),
    (rf"\d\d?/{_MONTH}/\d{{4}}:{_CLOCK} [+-]\d{{4}}", "%d/%b/%Y:%H:%M:%S %z"),
    (rf"\d\d?/{_MONTH}/\d{{4}}:{_CLOCK}\.\d+", "%d/%b/%Y:%H:%M:%S.%f"),
    (rf"\d\d?/{_MONTH}/\d{{4}}:{_CLOCK}", "%d/%b/%Y:%H:%M:%S"),
    (rf"\d\d?/{_MONTH}/\d{{4}} {_CLOCK}", "%d/%b/%Y %H:%M:%S"),
    (rf"\d{{4}}/\d\d/\d\d - {_CLOCK}", "%Y/%m/%d - %H:%M:%S"),
    (rf"\d{{4}}/\d\d/\d\d {_CLOCK}\.\d+", "%Y/%m/%d %H:%M:%S.%f"),
    (rf"\d{{4}}/\d\d/\d\d {_CLOCK}", "%Y/%m/%d %H:%M:%S"),
    (rf"{_DAY_NAME} {_MONTH} [ \d]\d {_CLOCK} \d{{4}}", "%a %b %d %H:%M:%S %Y"),
    (rf"{_DAY_NAME}, \d\d {_MONTH} \d{{4}} {_CLOCK} GMT", "%a, %d %b %Y %H:%M:%S GMT"),
    (rf"\d\d? {_MONTH} \d{{4}} {_CLOCK},\d+", "%d %b %Y %H:%M:%S,%f"),
    (rf"\d\d? {_MONTH} \d{{4}} {_CLOCK}", "%d %b %Y %H:%M:%S"),
    (rf"{_MONTH} [ \d]\d {_CLOCK}", "%b %d %H:%M:%S"),
    (r"^[0-9a-f]{8}\.[0-9a-f]{8}(?!\S)", "epoch_hex_s_ns"),
    (rf"(?<![\d:]){_CLOCK}\.\d+", "%H:%M:%S.%f"),
    (rf"(?<![\d:]){_CLOCK},\d+", "%H:%M:%S,%f"),
    (rf"(?<![\d:]){_CLOCK}(?!:?\d)", "%H:%M:%S"),
)
_COMPILED = tuple((re.compile(pattern), form) for pattern, form in _FORMS)
# Seconds since 1970 from 2001 to 2128, in the units that logs have, told from the number of digits.
_EPOCHS = ((10, "epoch_s"), (13, "epoch_ms"), (16, "epoch_us"), (19, "epoch_ns"))
_NUMBER = re.compile(r"([1-4]\d+)(?:\.\d+)?")
_LINE_NUMBER = re.compile(r"([1-4]\d{9,18})(?:\.\d+)?(?=\s)")
_MOST_START = 120


def find(line: str) -> tuple[int, int, str] | None:
    """The first time in a line: where it begins and ends, and its form. None where there is none near the start."""
    number = _LINE_NUMBER.match(line)
    if number is not None and (form := _epoch(number[1])) is not None:
        return number.start(), number.end(), form
    found = [(match.start(), match.end(), form) for pattern, form in _COMPILED if (match := pattern.search(line))]
    first = min(found, key=lambda place: (place[0], place[0] - place[1]), default=None)
    return first if first is not None and first[0] <= _MOST_START else None


def form_of(texts: Iterable[str]) -> str | None:
    """The one form that nearly all of the texts have, each as a whole; None where there is no such form."""
    forms = [form_of_text(text) for text in texts]
    if not forms:
        return None
    form, count = Counter(forms).most_common(1)[0]
    return form if count >= 0.9 * len(forms) else None


def form_of_text(text: str) -> str | None:
    """The form of a text that is a time as a whole, else None."""
    number = _NUMBER.fullmatch(text)
    if number is not None:
        return _epoch(number[1])
    return next((form for pattern, form in _COMPILED if pattern.fullmatch(text)), None)


def _epoch(digits: str) -> str | None:
    return next((form for length, form in _EPOCHS if len(digits) == length), None)


def pattern_of(form: str) -> str:
    """A pattern of Rust's regex for a time of this form."""
    if form == "epoch_hex_s_ns":
        return r"[0-9a-f]+\.[0-9a-f]+"
    if form.startswith("epoch"):
        return r"\d+(?:\.\d+)?"
    text = next(text for text, name in _FORMS if name == form)
    return text.replace(r"(?<![\d:])", "").replace(r"(?!:?\d)", "")


def fineness(form: str, example: str) -> int:
    """How fine a time is, as a number of digits below the second."""
    fraction = re.search(r"\d\d:\d\d[.,](\d+)|^\d+\.(\d+)$", example)
    digits = len(fraction[1] or fraction[2]) if fraction else 0
    return digits + {"epoch_ms": 3, "epoch_us": 6, "epoch_ns": 9}.get(form, 0)
