"""Objects of a JSON document, in an array or indented, are read like the same objects with one in each line."""

import json
from pathlib import Path

import pytest

from logcorr.formats.profile_reader import ReadOptions
from logcorr.formats.profile_registry import Registry
from tests.oracle.golden_formats import GOLDEN, profiles
from tests.support.kernels_or_numpy import some
from tests.support.readings import differences, read_files

REGISTRY = Registry(())
NAMES = tuple(
    name
    for name, table in profiles().items()
    if table["syntax"] == "json" and "prefix" not in table and "refusal" not in table
)


def objects_of(name: str) -> list[str]:
    """The lines of a golden log that are strict JSON: those that templates spoil would be other text when indented."""
    lines = (GOLDEN / f"{name}.log").read_text().splitlines()
    return [line for line in lines if _is_object(line)]


def _is_object(line: str) -> bool:
    try:
        # A key that stands twice would be lost when the object is written anew.
        return bool(json.loads(line, object_pairs_hook=lambda pairs: len({key for key, _ in pairs}) == len(pairs)))
    except ValueError:
        return False


@pytest.mark.parametrize("chunk_bytes", some((1 << 20, 300), 300))
@pytest.mark.parametrize("name", some(NAMES, *NAMES[::3]))
def test_documents(name: str, chunk_bytes: int, tmp_path: Path) -> None:
    lines = objects_of(name)
    profile = REGISTRY.get(name)
    indented = [json.dumps(json.loads(line, parse_float=str, parse_int=int), indent=2) for line in lines]
    written = {
        "lines": "\n".join([*lines, ""]),
        "array": "[" + ",".join(lines) + "]",
        "array of lines": "[\n" + ",\n".join(lines) + "\n]\n",
        "indented": "\n".join([*indented, ""]),
        "indented array": "[" + ",\n".join(indented) + "]",
    }
    readings = {}
    for how, text in written.items():
        (tmp_path / "x.log").write_text(text)
        readings[how], _ = read_files(profile, [str(tmp_path / "x.log")], ReadOptions(), chunk_bytes=chunk_bytes)
    raw = [line.encode() for line in lines]
    for how in ("array", "array of lines"):
        assert differences(readings[how], readings["lines"], raw, how) == []
    assert differences(readings["indented array"], readings["indented"], raw, name) == []
    assert len(readings["indented"]) == len(lines)
