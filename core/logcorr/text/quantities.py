"""Durations, sizes, counts, rates and shares: from the text that people write to numbers, and from numbers to text."""

import re

from logcorr.model.errors import UsageError

_DURATIONS_US = {
    "us": 1,
    "µs": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}
_SIZES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SIZES |= {"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-zµ]+)", re.IGNORECASE | re.ASCII)


def duration_us(text: str) -> int:
    """`250us`, `5ms`, `2s`, `3m`, `1h` or `1d` as whole microseconds. Raises UsageError for any other text."""
    return _quantity(text, _DURATIONS_US, "a duration such as 250us, 5ms, 2s, 3m or 1h")


def size_bytes(text: str) -> int:
    """`512MB`, `4GB` as whole bytes: MB is 10^6, MiB is 2^20. Raises UsageError for any other text."""
    return _quantity(text, _SIZES, "a size such as 512MB or 4GB")


def _quantity(text: str, units: dict[str, int], what: str) -> int:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2].lower() not in units:
        message = f"{text!r} is not {what}."
        raise UsageError(message)
    whole, _, fraction = match[1].partition(".")
    scale: int = 10 ** len(fraction)
    return int(whole + fraction) * units[match[2].lower()] // scale


def short(number: float) -> str:
    """A count in at most six characters: 950, 47.1k, 12.5M."""
    for unit, scale in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(number) >= scale * 0.9995:
            return f"{_three(number / scale)}{unit}"
    return f"{number:,.0f}" if number == int(number) else _three(number)


def rate(per_second: float) -> str:
    """A rate in events per second, as text in the unit that reads best: 5.68/s, 4.2/min, 3/h."""
    if 0 < per_second < 0.0995 / 60:
        return f"{short(per_second * 3600)}/h"
    return f"{short(per_second * 60)}/min" if 0 < per_second < 0.0995 else f"{short(per_second)}/s"


def size(number: float) -> str:
    """A number of bytes as text: 512 B, 1.1 GB."""
    return f"{short(number).rstrip('TGMk')} {short(number).lstrip('-0123456789.,').upper()}B"


def duration(ms: float | None) -> str:
    """Milliseconds in the unit that reads best: 250us, 14.2ms, 1.24s, 6m 12s, 2h 05m, 3d 04h; None is a dash."""
    if ms is None:
        return "–"
    if ms < 0:
        return "-" + duration(-ms)
    if ms < 0.9995:
        return f"{ms * 1000:.0f}us"
    if ms < 999.5:
        return f"{_three(ms)}ms"
    if ms < 59_950:
        return f"{_three(ms / 1000)}s"
    for big, small, unit in (("m", "s", 1000), ("h", "m", 60_000)):
        if ms < unit * 3600:
            return "{}{} {:02d}{}".format(*_split(ms, unit, 60, big, small))
    return "{}{} {:02d}{}".format(*_split(ms, 3_600_000, 24, "d", "h"))


def round_duration(ms: float | None) -> str:
    """`duration` without a small unit that is zero: 1m rather than 1m 00s."""
    return duration(ms).removesuffix(" 00s").removesuffix(" 00m").removesuffix(" 00h")


def percent(part: int, whole: int, decimals: int = 2) -> str:
    """`part` of `whole` in percent: 99.62 %, <0.01 %; a dash for a `whole` of 0. Nothing is rounded to 0 % or 100 %."""
    if not whole:
        return "–"
    if part == whole or not part:
        return "100 %" if part else "0 %"
    share, least = 100 * part / whole, 10.0**-decimals
    return f"<{least:.{decimals}f} %" if share < least else f"{min(share, 100 - least):.{decimals}f} %"


def times(ratio: float) -> str:
    """How many times as much: ×9.6, ×57, ×1.2k."""
    return f"×{ratio:.1f}" if ratio < 9.95 else f"×{short(round(ratio))}"


def _split(ms: float, unit: int, per: int, big: str, small: str) -> tuple[int, str, int, str]:
    """Milliseconds as two numbers with their units: the small unit has `unit` ms, the big one `per` small units."""
    high, low = divmod(int(ms // unit), per)
    return high, big, low, small


def _three(number: float) -> str:
    """A number with three significant digits: 1.24, 14.2, 812."""
    size = abs(number)
    decimals = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ms(duration_us: float | None) -> float | None:
    """Microseconds as milliseconds; None stays None."""
    return None if duration_us is None else duration_us / 1000


def us(duration_ms: float | None) -> int | None:
    """Milliseconds as whole microseconds; None stays None."""
    return None if duration_ms is None else round(duration_ms * 1000)
