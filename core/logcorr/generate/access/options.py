"""The options of `generate access`, and their limits."""

from pathlib import Path

from logcorr.generate import option_checks
from logcorr.model.errors import UsageError

# The truth counts by endpoint and address. So limits on their numbers bound the memory, whatever the number of lines.
MAX_ENDPOINTS = 50_000
MAX_IDS = 4096
MAX_IPS = 1_000_000
MAX_ABUSERS = 500
_COMPRESSED = (".gz", ".zst", ".bz2", ".xz", ".zip")


class AccessOptions(option_checks.GeneratorOptions, frozen=True, kw_only=True):
    """The options of a generated access log. All but `path`, `truth` and `force` change the bytes of the log.

    The log has exactly `rows` lines. `malformed`, `blank` and `missing` are shares of the lines; their sum is at most a
    half. `endpoints` is the number of routes. The paths of four routes in seven have one or two of `ids` ids.
    """

    path: str
    ips: int = 50_000
    abusers: int = 6
    endpoints: int = 40
    ids: int = 20
    missing: float = 0.002
    # The name of a file in the folder of the log.
    truth: str = "truth.json"

    def check(self) -> None:
        """Raises UsageError for the first option that makes no sense."""
        if Path(self.path).suffix.lower() in _COMPRESSED or not Path(self.path).name:
            raise UsageError(f"the log cannot be {self.path!r}: give a name for plain NDJSON, such as access.ndjson")
        if not self.truth or Path(self.truth).name != self.truth or self.truth == Path(self.path).name:
            raise UsageError(
                f"--truth is {self.truth!r}, which is no name for a file beside the log: give one, such as truth.json"
            )
        shares = {"malformed": self.malformed, "blank": self.blank, "missing": self.missing}
        option_checks.check_shares(**shares)
        option_checks.check_sum(0.5, **shares)
        option_checks.check_number("rows", self.rows, 0)
        option_checks.check_number("ips", self.ips, 1, MAX_IPS)
        option_checks.check_number("abusers", self.abusers, 0, MAX_ABUSERS)
        option_checks.check_number("endpoints", self.endpoints, 1, MAX_ENDPOINTS)
        option_checks.check_number("ids", self.ids, 1, MAX_IDS)
        if self.endpoints * self.ids > MAX_ENDPOINTS:
            product = f"endpoints is {self.endpoints} and ids is {self.ids}"
            raise UsageError(f"{product}: give numbers whose product is at most {MAX_ENDPOINTS:,}")
        self.check_times()
