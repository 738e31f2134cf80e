"""The golden logs of the catalogue's profiles: where they are, and what the oracle reads in them.

`python -m tests.oracle.golden_formats` writes the readings anew. Look at the difference before you commit it.
"""

import json
import tomllib
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from tests.oracle.profile_oracle import Line, read
from tests.oracle.profile_pairing import pair

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden_formats"
CATALOGUE = ROOT / "core" / "logcorr" / "formats" / "catalogue.toml"
# What a line has beside its class, in the order of the golden files.
PARTS = ("id", "at", "user", "status", "given_us")


@cache
def profiles() -> dict[str, dict[str, Any]]:
    """The profiles of the catalogue by name, as tables."""
    return tomllib.loads(CATALOGUE.read_text())


def shown(line: Line) -> dict[str, Any]:
    """A line of a golden file: its class, and what is known of an entry."""
    if line.kind != "entry":
        return {"kind": line.kind, **({"reason": line.reason} if line.reason else {})}
    parts = {name: value for name in PARTS if (value := getattr(line, name)) not in (None, "")}
    flags = {name: True for name in ("weak", "previous", "doubled", "repaired") if getattr(line, name)}
    return {"kind": line.event, **parts, **flags, **line.attributes}


def reading(table: dict[str, Any], options: dict[str, str], raw: bytes) -> dict[str, Any]:
    """What the oracle reads in a log, as a golden file has it; `options` are the day and the head of its lines."""
    day = date.fromisoformat(options["day"]) if "day" in options else None
    lines = read(table, [raw], day=day, head=options.get("head", ""))
    if "refusal" in table or not any(line.event in ("request", "response") for line in lines):
        return {"options": options, "lines": [shown(line) for line in lines]}
    paired = pair(lines, table.get("pairing", "in-order"), ties_by_line=table.get("ties") == "line")

    def rows(entries: Iterable[Line]) -> list[int]:
        return sorted(line.row for line in entries)

    return {
        "options": options,
        "lines": [shown(line) for line in lines],
        "pairs": sorted([request.row, response.row] for request, response in paired.matched),
        "orphans": {"requests": rows(paired.orphan_requests), "responses": rows(paired.orphan_responses)},
        "surplus": rows(paired.surplus),
    }


def as_text(golden: dict[str, Any]) -> str:
    """The text of a golden file: an entry a line, so that a difference is easy to read."""
    lines = ",\n    ".join(json.dumps(line, ensure_ascii=False) for line in golden["lines"])
    rest = "".join(f',\n  "{key}": {json.dumps(golden[key])}' for key in golden if key not in ("options", "lines"))
    return f'{{\n  "options": {json.dumps(golden["options"])},\n  "lines": [\n    {lines}\n  ]{rest}\n}}\n'


def rewrite() -> None:
    """Writes the readings of all golden logs anew."""
    for name, table in profiles().items():
        path = GOLDEN / f"{name}.json"
        raw = (GOLDEN / f"{name}.log").read_bytes()
        path.write_text(as_text(reading(table, json.loads(path.read_text())["options"], raw)))


if __name__ == "__main__":
    rewrite()
