"""Golden cases: a folder each with a command, its inputs, and all that must come of it.

`cmd` holds the words of a command, one a line; an empty line begins a further command. `{case}` stands for the folder the
case runs in: a copy of the case's inputs, with `assets` beside them. `expout`, `experr` and `code` are what the commands
print and how the last one ends; `exp.NAME` is each file they write. LOGCORR_REGEN=1 writes all of these anew.
"""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.support.helpers import ROOT, logcorr

CASES = ROOT / "tests" / "golden" / "cli"
REGEN = os.environ.get("LOGCORR_REGEN") == "1"
RESULTS = ("expout", "experr", "code")
RUN_NAME = re.compile(r"\b[0-9a-f]{16}\b")


def masked(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what differs from one run to the next."""
    options = {**report["run"]["options"], "memory_bytes": "*"}
    if "formats" in options:
        options["formats"] = _without_hashes(options["formats"])
    return {**report, "run": {**dict.fromkeys(report["run"], "*"), "options": options}}


def _without_hashes(formats: Any) -> Any:
    """The formats of logs without what changes whenever a profile does: each is a name, a hash and heads."""
    if isinstance(formats, dict):
        return {log: [name, "*", *heads] for log, (name, _, *heads) in formats.items()}
    return [[name, "*", *heads] for name, _, *heads in formats]


def listed(line: str) -> str:
    """A line of `runs list --json` likewise."""
    return json.dumps({**json.loads(line), "run": "*", "created": "*", "bytes": "*"}) + "\n"


def shown(path: Path) -> bytes:
    """The content of an output file as it is kept in a case."""
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
        head = json.dumps({name: str(kind) for name, kind in frame.schema.items()})
        return (head + "\n" + frame.write_ndjson()).encode()
    raw = path.read_bytes()
    if path.name.startswith("report"):
        return (json.dumps(masked(json.loads(raw)), indent=1, ensure_ascii=False) + "\n").encode()
    return raw


def printed(text: bytes, folder: Path) -> bytes:
    """What was printed, without what differs from one run to the next."""
    plain = RUN_NAME.sub("{run}", text.decode().replace(str(folder), "{case}"))
    lines = plain.splitlines(keepends=True)
    return "".join(listed(line) if '"created":' in line else line for line in lines).encode()


def commands(case: Path, folder: Path) -> list[list[str]]:
    words = (case / "cmd").read_text(encoding="utf8").replace("{case}", str(folder))
    return [block.split("\n") for block in words.strip("\n").split("\n\n")]


def outcome(case: Path, folder: Path) -> dict[str, bytes]:
    """Everything that the commands of a case make, by the name under which the case keeps it."""
    for path in case.iterdir():
        if path.name not in (*RESULTS, "cmd") and not path.name.startswith("exp."):
            (shutil.copytree if path.is_dir() else shutil.copyfile)(path, folder / path.name)
    (folder / "assets").symlink_to(ROOT / "assets")
    before = set(folder.iterdir())
    out, err, code = b"", b"", 0
    for words in commands(case, folder):
        assert code == 0, "a case goes on only after success"
        code, more_out, more_err = logcorr(*words, cwd=folder)
        out, err = out + more_out, err + more_err.encode()
    made = {path for path in folder.iterdir() if path.name != "cache"} - before
    return {
        "expout": printed(out, folder),
        "experr": printed(err, folder),
        "code": f"{code}\n".encode(),
        **{f"exp.{path.name}": shown(path) for path in made},
    }


def expected(case: Path) -> dict[str, bytes]:
    kept = (path for path in case.iterdir() if path.name in RESULTS or path.name.startswith("exp."))
    return {path.name: path.read_bytes() for path in kept}


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_golden(name: str, tmp_path: Path) -> None:
    case = CASES / name
    found = outcome(case, tmp_path)
    if REGEN:
        for old in expected(case):
            (case / old).unlink()
        for new, content in found.items():
            (case / new).write_bytes(content)
    wanted = expected(case)
    assert found.keys() == wanted.keys()
    for part, content in wanted.items():
        assert found[part].decode() == content.decode(), part


def test_there_are_cases() -> None:
    assert len(list(CASES.glob("*/cmd"))) >= 15
