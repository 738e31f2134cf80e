"""Lines of several megabytes in access logs: what they are does not depend on their length."""

import json
from pathlib import Path

import pytest

from tests.support.helpers import succeed
from tests.support.kernels_or_numpy import some

LONG = 4_300_000
KNOWN = b'{"timestamp":"2025-03-01T12:00:00Z","status_code":200'
CLF = b'192.0.2.1 - - [21/Nov/2025:14:00:00 +0000] "GET / HTTP/1.1" 200 2 "-" "'
OTHERS = {"ndjson": KNOWN + b"}\n", "combined": CLF + b'agent"\n'}
# In which form, and the reason why it is malformed, if it is.
LONG_LINES: dict[str, tuple[str, bytes, str | None]] = {
    "a long value": ("ndjson", KNOWN + b',"user_agent":"' + b"u" * LONG + b'"}', None),
    "blanks, and a long value nobody reads": ("ndjson", b" \t" + KNOWN + b',"x":"' + b"," * LONG + b'"}', None),
    "a deep value": ("ndjson", KNOWN + b',"x":' + b"[" * LONG + b"]" * LONG + b"}", "json"),
    "an array": ("ndjson", b"[" * LONG, "json"),
    "no object": ("ndjson", b"x" * LONG + b",a,b", "json"),
    "cut off": ("ndjson", KNOWN + b',"x":"' + b"x" * LONG, "json"),
    "no utf8": ("ndjson", KNOWN + b',"x":"' + b"x" * LONG + b'\xff"}', None),
    "blank": ("ndjson", b" \t" * LONG, "blank"),
    "a long agent": ("combined", CLF + b"u" * LONG + b'"', None),
    "no log": ("combined", b"x" * LONG + b",a,b", "fields"),
    "no time": ("combined", b"x - - [x] " + b"x" * LONG, "fields"),
}


@pytest.mark.parametrize("name", some(LONG_LINES, "a long value", "a deep value", "no utf8", "blank", "a long agent"))
def test_a_long_line_of_an_access_log_is_what_a_short_one_is(name: str, tmp_path: Path) -> None:
    form, line, reason = LONG_LINES[name]
    other = OTHERS[form]
    (tmp_path / "a.log").write_bytes(other + line + b"\n" + other)
    (tmp_path / "b.log").write_bytes(b"\xef\xbb\xbf" + line + b"\r\n" + other)
    told = succeed("analyze", "a.log", "b.log", "--format", form, "--report", "-", "--no-store", cwd=tmp_path).out
    ledger = json.loads(told)["inputs"]["access"]
    expected = {
        "lines": 5,
        "blank": 2 * (reason == "blank"),
        "malformed": {reason: 2} if reason not in (None, "blank") else {},
        "exchanges": 3 + 2 * (reason is None),
    }
    assert {name: ledger[name] for name in expected} == expected
