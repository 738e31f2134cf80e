"""The TUI's one way for text that comes from a log: through `safe`, and then as `Text`, never as markup."""

from datetime import UTC, datetime, timedelta

from rich.style import Style
from rich.text import Text

from logcorr.text.quantities import duration
from logcorr.text.safe import safe

__all__ = ["duration_text", "instant_text", "plain", "safe", "status_class"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plain(text: str | None, style: str | Style = "", limit: int = 200) -> Text:
    """Log text as a `Text` on one line: free of anything a terminal obeys, markup left as it is written."""
    return Text(safe(text, limit), style=style, no_wrap=True, end="")


def instant_text(instant_us: int | None, *, dated: bool = True) -> str:
    """`2025-11-21 14:00:03.480`, or only the time of the day."""
    if instant_us is None:
        return "–"
    try:
        moment = _EPOCH + timedelta(microseconds=instant_us)
    except OverflowError:
        return f"{instant_us}us"
    fraction = f"{moment.microsecond:06d}"
    fraction = fraction[:3] if fraction.endswith("000") else fraction
    day = f"{moment.year:04d}-{moment:%m-%d} " if dated else ""
    return f"{day}{moment:%H:%M:%S}.{fraction}"


def duration_text(duration_us: int | None) -> str:
    """A duration in µs in the unit that reads best."""
    return duration(None if duration_us is None else duration_us / 1000)


def status_class(status: int) -> str:
    """The class of a status code by the look's colours: good, moved, client, odd for 1xx, and server for the rest."""
    return {2: "good", 3: "moved", 4: "client", 1: "odd"}.get(status // 100, "server")
