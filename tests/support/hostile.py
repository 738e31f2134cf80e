"""Texts that try to steer a terminal, logs that hold them in every field and class of line, and what may be shown.

What may be shown is told by Unicode's categories and a grammar of sequences, not by the code that is tested.
"""

import json
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

# In every payload, so that what came through can be found; its base64 is what a clipboard would get.
MARK = "Xy7Zq"
MARK_BASE64 = "WHk3WnE="

PAYLOADS: dict[str, str] = {
    "csi": f"{MARK}\x1b[2J\x1b[31mred\x1b[9999;1H",
    "title": f"\x1b]0;{MARK}\x07\x1b]2;{MARK}\x1b\\t",
    "link": f"\x1b]8;;http://x.invalid/{MARK}\x1b\\text\x1b]8;;\x1b\\",
    "clipboard": f"\x1b]52;c;{MARK_BASE64}\x07{MARK}",
    "dcs": f"\x1bPq{MARK}\x1b\\\x1b_G{MARK}\x1b\\\x1b^{MARK}\x1b\\\x1bc",
    "c0": MARK + "".join(map(chr, [*range(9), *range(11, 13), *range(14, 32), 127])) + "e",
    "return": f"shown\r{MARK}",
    "c1": f"{MARK}\x9b31m\x9d0;t\x9c\x90q\x9c\x85\x84\x80\x9fe",
    "markup": f"[/oops][bold]{MARK}[/bold][@click=app.quit]x[/][link=http://x.invalid]y[/link] \\[z\\",
    "slashes": f"\\[/oops]\\\\[bold]{MARK}\\",
    "bidi": f"\u202e{MARK}\u202c\u2066a\u2067b\u2068c\u2069\u200e\u200f\u061c",
    "zero": f"\u200b{MARK[:2]}\u200b{MARK[2:]}\u200c\u200d\u2060\ufeff\xad\u180e\u034f{MARK}",
    "pile": f"{MARK}Z" + "\u0301\u0489\u20dd\u0e49" * 50 + "\u1ad0" * 200 + "e",
    "leading": "\u0301\u0327" + MARK,
    "wide": f"{MARK}日本語のユーザー名テスト한국어中文字符測試Ｆｕｌｌ",
    "emoji": f"{MARK}👩\u200d👩\u200d👧❤\ufe0f👍🏽🇩🇪1\ufe0f\u20e3",
    "tags": MARK + "".join(chr(0xE0000 + ord(char)) for char in MARK) + "\U000e007f\U000e0100",
    "lines": f"{MARK}\u2028next\u2029next\x85next\x0bnext\x0cnext",
    "private": f"{MARK}\ue000\uf8ff\U000f0001\U0010fffd\ufdd0\uffff",
    "jamo": MARK + "\u1100" + "\u1161" * 40 + "\u115f\u3164\uffa0",
    "scripts": f"{MARK} ا ب ج हिन्दी ไทย ខ្មែរ தமிழ் \u0600\u06dd12",
}
LONG = f"{MARK}-{'long' * 16_384}"
SURROGATES = f"{MARK}\ud800\udfff\udc9b"
_REASONS = ("fields", "timestamp", "request_id", "status_code", "encoding")


def pair(folder: Path, ending: bytes = b"\xff.log") -> tuple[str, str]:
    """Writes a request and a response log that hold every payload in every class of line; their hostile names."""
    requests, responses = _lines()
    names = (file_name("requests", ending), file_name("responses", ending))
    (folder / names[0]).write_bytes(b"\n".join(requests) + b"\n")
    (folder / names[1]).write_bytes(b"\n".join(responses) + b"\r\n")
    return names


def file_name(word: str, ending: bytes) -> str:
    """A name that holds a title, a line end, a bidi control, markup and, by its ending, bytes that are no UTF-8."""
    return os.fsdecode(f"{word}\n\x1b]0;{MARK}\x07\x1b[7m\u202e[bold]\u009b\u200b日本e".encode() + ending)


def access(path: Path) -> None:
    """Writes an access log of JSON lines that holds every payload in every field, lone surrogates too."""
    lines = []
    texts = [*PAYLOADS.values(), LONG, SURROGATES]
    for number, text in enumerate(texts):
        # Enough of one minute to be suspicious.
        where = {"method": text, "endpoint": f"/{text}?{text}", "ip": text, "user_agent": text}
        lines += [_json(number, again, **where) for again in range(28)]
        lines.append(_json(number, 50, status_code=text))
        lines.append(_json(number, 51, timestamp=text))
        lines.append(b"{" + text.encode("utf8", "replace").replace(b"\r", b""))
    path.write_bytes(b"\n".join(lines) + b"\n" + b'{"a": "\xff\x9b"}\n')


def combined(path: Path) -> None:
    """Writes an access log in the combined format that holds every payload where the format lets it in."""
    lines = []
    for number, text in enumerate(PAYLOADS.values()):
        bare = text.replace('"', "").replace("\\", "")
        name = bare.replace(" ", "")
        lines.append(
            f'{name} - {name} [21/Nov/2025:14:{number:02}:00 +0000] "GET /{name} HTTP/1.1" 500 12 "{bare}" "{bare}"'
        )
        lines.append(text)
    path.write_bytes("\n".join(lines).encode("utf8", "replace") + b"\n")


def faults(shown: bytes, allowed: str = "") -> list[str]:
    """What is wrong with bytes meant for a terminal: anything but lines of plain text and `allowed` sequences (regex)."""
    try:
        text = shown.decode()
    except UnicodeDecodeError as error:
        return [f"not UTF-8: {error}"]
    found = []
    text = re.sub(allowed, "", text)
    for line in text.replace("\r\n", "\n").split("\n"):
        found += [f"U+{ord(char):04X} in {line[:200]!r}" for char in sorted(set(line)) if _is_deceitful(char)]
        if _piles(line):
            found.append(f"marks in a pile in {line[:200]!r}")
    return found


def _is_deceitful(char: str) -> bool:
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return True
    # Variation selectors, tags, fillers and joiners are letters or marks by their category.
    name = unicodedata.name(char, "")
    return "VARIATION SELECTOR" in name or "FILLER" in name or "REGIONAL INDICATOR" in name or "JOINER" in name


def _piles(line: str) -> bool:
    piled = 0
    for char in line:
        piled = piled + 1 if unicodedata.category(char)[0] == "M" else 0
        if piled > 4:
            return True
    return False


def _lines() -> tuple[list[bytes], list[bytes]]:
    requests: list[bytes] = []
    responses: list[bytes] = []
    for number, text in enumerate([*PAYLOADS.values(), LONG]):
        # An LF ends a line, and a comma a field; all else may stand in one.
        requests += [
            _at(number, 0, f"{text}-pair", text),
            _at(number, 0, f"{text}-pair", text),  # redelivered
            _at(number, 1, f"{text}-slow", text),
            _at(number, 2, f"{text}-skewed", text),
            _at(number, 3, f"{text}-lost", text),
            _at(number, 4, f"{text}-again", text),
            _at(number, 5, f"{text}-again", text),  # repeated_id
            _at(number, 6, f"{text}-far", text),
            _at(number, 8, f"{text}-more", text),
            _at(59, 59, f"{text}-flight", text),
        ]
        responses += [
            _at(number, 0.25, f"{text}-pair", "200"),
            _at(number, 0.25, f"{text}-pair", "200"),
            _at(number, 21, f"{text}-slow", "503"),
            _at(number, 1.5, f"{text}-skewed", "404"),
            _at(number, 3, f"{text}-alone", "500"),
            _at(number, 4.5, f"{text}-again", "201"),
            _at(number, 46 + (not number), f"{text}-far", "200"),
            _at(number, 8.125, f"{text}-more", "302"),
            _at(-1, 0, f"{text}-before", "200"),
        ]
        for side in (requests, responses):
            side += [line for reason in _REASONS for line in _malformed(reason, number, text)]
    # One user fails so often that it stands out.
    worst = PAYLOADS["csi"]
    requests += [_at(0, 9 + n, f"{worst}-{n}", worst) for n in range(30)]
    responses += [_at(0, 9.1 + n, f"{worst}-{n}", "500") for n in range(30)]
    return requests, responses


def _malformed(reason: str, number: int, text: str) -> Iterator[bytes]:
    good = _at(number, 7, f"{text}-bad", text)
    stamp = good.split(b",")[0]
    yield {
        "fields": text.encode(),
        "timestamp": f"{text},{text},200".encode(),
        "request_id": stamp + b",-," + text.encode(),
        "status_code": good,
        "encoding": good + b"\xff\x9b31m",
    }[reason]


def _at(minute: int, second: float, name: str, value: str) -> bytes:
    clock = f"{14 + minute // 60:02}:{minute % 60:02}:{second:06.3f}"
    return f"2025-11-21T{clock}Z,{name},{value}".encode()


def _json(minute: int, second: int, **fields: str) -> bytes:
    whole: dict[str, str | int] = {
        "timestamp": f"2025-11-21T14:{minute:02}:{second:02}Z", "method": "GET", "endpoint": "/", "status_code": "500",
        "ip": "192.0.2.1", "response_time": 1000 * minute + second, "user_agent": MARK,
    }  # fmt: skip
    return json.dumps(whole | fields).encode()


def words(texts: Sequence[str]) -> list[str]:
    """Those that can be words on a command line."""
    return [text for text in texts if "\x00" not in text]
