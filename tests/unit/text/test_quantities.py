"""Durations and sizes as people write them: what is read, and what is refused."""

import pytest

from logcorr.model.errors import UsageError
from logcorr.text.quantities import duration_us, size_bytes


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("250us", 250),
        ("250µs", 250),
        ("5ms", 5_000),
        ("2s", 2_000_000),
        ("3m", 180_000_000),
        ("1h", 3_600_000_000),
        ("1d", 86_400_000_000),
        ("0s", 0),
        ("1.5s", 1_500_000),
        ("0.25ms", 250),
        ("2.50h", 9_000_000_000),
        ("10 ms", 10_000),
        (" 10ms ", 10_000),
        ("10MS", 10_000),
        ("007s", 7_000_000),
        ("0.000001s", 1),
        ("1.0000019s", 1_000_001),
        ("4611686018427s", 4_611_686_018_427_000_000),
    ],
)
def test_durations(text: str, micros: int) -> None:
    assert duration_us(text) == micros


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "5",
            "ms",
            "-5ms",
            "+5ms",
            "5m5s",
            "5 5ms",
            "5.ms",
            ".5s",
            "1e3ms",
            "1_000ms",
            "1,5s",
            "5 min",
            "5sec",
        ),
        *("٥ms", "５ms", "5ms\n6ms", "nan", "inf s", "0x5s", "5ns", "5w", "5MB", "5\u00a0\u00a0x"),
    ],
)
def test_no_durations(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        duration_us(text)
    assert repr(text) in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("512MB", 512 * 10**6),
        ("4GB", 4 * 10**9),
        ("4gb", 4 * 10**9),
        ("1.5GB", 1_500_000_000),
        ("1KB", 1000),
        ("1TB", 10**12),
        ("7B", 7),
        ("1KiB", 1 << 10),
        ("2MiB", 2 << 20),
        ("3GiB", 3 << 30),
        ("1TiB", 1 << 40),
        ("0.5KiB", 512),
        ("0B", 0),
        ("1 GB", 10**9),
    ],
)
def test_sizes(text: str, count: int) -> None:
    assert size_bytes(text) == count


@pytest.mark.parametrize(
    "text", ["", "512", "MB", "-1GB", "1e9B", "1GBs", "1 G B", "1ms", "1Gb/s", "٤GB", "1,5GB", "max"]
)
def test_no_sizes(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        size_bytes(text)
    assert repr(text) in str(caught.value)


def test_quantities_are_exact() -> None:
    """No floating point on the way: every count of each unit comes back."""
    for unit, scale in (("us", 1), ("ms", 1000), ("s", 10**6), ("m", 6 * 10**7), ("h", 36 * 10**8), ("d", 864 * 10**8)):
        for count in (1, 3, 7, 999_999_999_999):
            assert duration_us(f"{count}{unit}") == count * scale
            assert duration_us(f"{count}.1{unit}") == (count * 10 + 1) * scale // 10
