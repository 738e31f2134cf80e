"""Writes the table of docs/catalogue.md anew: name, kind and purpose of each built-in profile come from the catalogue.

The last two columns are written by hand. They stay as they are; those of a new profile are empty.
"""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CATALOGUE = ROOT / "core" / "logcorr" / "formats" / "catalogue.toml"
DOCUMENT = ROOT / "docs" / "catalogue.md"
HEAD = "| profile | reads | software | switch on | not in the log |\n|---|---|---|---|---|\n"


def kind(table: dict[str, Any]) -> str:
    """What the lines of a profile are: exchanges, pairs, or lines that are refused."""
    if "refusal" in table:
        return "refused"
    events = {rule["event"] for rule in table["rule"]}
    return "exchanges" if "exchange" in events else "pairs"


def by_hand(document: str) -> dict[str, tuple[str, str]]:
    """The last two columns of the table of a document, by profile."""
    rows = (line.strip("| ").split(" | ") for line in document.splitlines() if line.startswith("| `"))
    return {row[0].strip("`"): (row[3], row[4]) for row in rows}


def written(document: str) -> str:
    """The document with a table that fits the catalogue."""
    before, _, rest = document.partition(HEAD)
    after = rest.lstrip().partition("\n\n")[2]
    own = by_hand(document)
    profiles: dict[str, dict[str, Any]] = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    rows = ""
    for name, table in profiles.items():
        switch_on, missing = own.get(name, ("", ""))
        if "refusal" in table:
            switch_on = table["refusal"]
        rows += f"| `{name}` | {kind(table)} | {table['about']} | {switch_on or '-'} | {missing or '-'} |\n"
    return f"{before}{HEAD}{rows}\n{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
