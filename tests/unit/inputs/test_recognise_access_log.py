"""Access logs are told from other logs by their first lines."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from logcorr.inputs import files
from logcorr.inputs.recognise_access_log import is_access_log
from tests.support.helpers import SAMPLE

COMBINED = b'10.0.0.1 - - [21/Nov/2025:14:00:00 +0000] "GET /a HTTP/1.1" 200 12 "-" "curl/8"\n'
NDJSON = b'{"timestamp":"2025-11-21T14:00:00Z","method":"GET","endpoint":"/a","status_code":"200"}\n'
CADDY = (
    b'{"ts":1763733600.5,"request":{"method":"GET","uri":"/a","remote_ip":"10.0.0.1"},"status":200,"duration":0.01}\n'
)


def told(path: Path) -> bool:
    return is_access_log(files.resolve("access", (str(path),)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (COMBINED, True),
        (NDJSON, True),
        (CADDY, True),
        (b"\xef\xbb\xbf" + NDJSON, True),
        (b"\n \n" + NDJSON + b"broken\n", True),
        (NDJSON + b"broken\nbroken\n", False),
        (gzip.compress(COMBINED * 3, mtime=0), True),
        ((SAMPLE / "requests.log").read_bytes(), False),
        ((SAMPLE / "responses.log").read_bytes(), False),
        (b'{"a": 1}\n', False),
        (b"", False),
        (b"\n\n", False),
    ],
    ids=[
        "combined",
        "ndjson",
        "caddy",
        "bom",
        "few broken",
        "mostly broken",
        "gz",
        "requests",
        "responses",
        "other json",
        "empty",
        "blank",
    ],
)
def test_half_of_the_first_lines_tell(content: bytes, expected: bool, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(content)
    assert told(log) is expected


def test_every_file_with_lines_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(COMBINED)
    (tmp_path / "b.log").write_bytes(b"")
    assert told(tmp_path)
    (tmp_path / "c.log").write_bytes((SAMPLE / "requests.log").read_bytes())
    assert not told(tmp_path)


def test_a_pair_is_told_without_the_engine() -> None:
    script = (
        "import sys; from logcorr.inputs.files import resolve; from logcorr.inputs.recognise_access_log import is_access_log;"
        "print(is_access_log(resolve('access', (sys.argv[1],))), 'polars' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(SAMPLE / "requests.log")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert told.stdout == "False False\n"
