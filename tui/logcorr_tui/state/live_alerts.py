"""The alerts of the live screen: those that hold and for how long, and the one that ceased to hold last."""

from typing import NamedTuple

from logcorr_tui.state.live_record import Record, clock_of, held_for


class _Ceased(NamedTuple):
    """An alert that does not hold any more."""

    condition: str
    held: str
    until: str


class LiveAlerts:
    """Takes records, and tells of their alerts in a line."""

    def __init__(self) -> None:
        self._record: Record | None = None
        self._ceased: _Ceased | None = None

    def take(self, record: Record) -> bool:
        """Takes the next record. Returns whether an alert holds that did not before."""
        before = {one["condition"]: one for one in self._alerts()}
        self._record = record
        now = {one["condition"] for one in self._alerts()}
        for condition in before.keys() - now:
            until = clock_of(record["time"]) if record["time"] else ""
            self._ceased = _Ceased(condition, held_for(record, before[condition]["since"]), until)
        return bool(now - before.keys())

    def line(self) -> tuple[tuple[str, ...], bool]:
        """A line on the alerts, in words from many to few, and whether one holds. None where none ever did."""
        record = self._record
        if record is not None and self._alerts():
            held = [held_for(record, one["since"]) for one in self._alerts()]
            words = [
                f"  ▲ {one['told'].rstrip('.')}" + (f" · for {time}" if time else "")
                for one, time in zip(self._alerts(), held, strict=True)
            ]
            short = [f"  ▲ {one['condition']} · {time}" for one, time in zip(self._alerts(), held, strict=True)]
            more = f"  +{len(short) - 1} more" if len(short) > 1 else ""
            return ("".join(words), "".join(short), f"{short[0]}{more}"), True
        if self._ceased is None:
            return (), False
        condition, lasted, until = self._ceased
        return (f"  ▽ {condition} held for {lasted or 'a while'}, until {until}",), False

    def _alerts(self) -> list[Record]:
        return [] if self._record is None else self._record.get("alerts", [])
