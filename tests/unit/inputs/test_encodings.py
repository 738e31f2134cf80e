"""Texts that are no lines in UTF-8 are named for what they are, and what is no text is taken out of lines."""

import codecs
import gzip
from pathlib import Path

import pytest

from logcorr.inputs.decompress import check_text
from logcorr.inputs.encodings import without_colours, without_leading_nuls
from logcorr.inputs.files import resolve
from logcorr.inputs.sample_lines import spread_sample
from logcorr.inputs.whole_lines import in_utf8
from logcorr.model.errors import InputError

TEXT = "2026-03-01T10:00:00Z,req-1,anna\n2026-03-01T10:00:01Z,req-2,bärbel\n"
WIDE = {
    **{f"{name} with a mark": TEXT.encode(name) for name in ("utf-16", "utf-32")},
    "utf-16 with a big-endian mark": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "utf-32 with a big-endian mark": codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    **{f"{name} without": TEXT.encode(name) for name in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")},
}


def check(folder: Path, raw: bytes, name: str = "app.log") -> None:
    path = folder / name
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    file = resolve("access", (str(path),))[0]
    check_text(file)
    spread_sample(file)


@pytest.mark.parametrize("file", ["app.log", "app.gz"])
@pytest.mark.parametrize("name", WIDE)
def test_utf_16_and_utf_32_are_named_with_what_to_do(name: str, file: str, tmp_path: Path) -> None:
    encoding = name[:6].upper()
    with pytest.raises(InputError, match=f"{file}.* is {encoding}, .*iconv -f {encoding} -t UTF-8"):
        check(tmp_path, WIDE[name], file)


CR_ONLY = {
    "lines": b"a,b,c\rd,e,f\rg,h,i\r",
    "without the last end": b"a,b,c\rd,e,f\rg,h,i",
    "many": b"a,b,c\r" * 100_000,
    "blank lines": b"a\r\rb\r\r",
}


@pytest.mark.parametrize("name", CR_ONLY)
def test_lines_that_end_in_cr_alone_are_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"end in CR alone.*tr '\\r' '\\n'"):
        check(tmp_path, CR_ONLY[name])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r",
        b"\r\r\r",
        b"a,b,c\r",
        b"a\rb",
        b"a\r\nb\r\n",
        b"1%\r2%\r3%\r\ndone\n",
        b"1%\r" * 2000 + b"\ndone\n",
        b"\0" * 5000 + b"a\n",
        b"\0" * 5000,
        b"a\0b\0c\0" * 4 + b"more text than zeros, so that it is text\n",
        "žluťoučký kůň\n".encode("latin2"),
        codecs.BOM_UTF8 + b"a\n",
        "日本語のログ\n".encode() * 100,
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_other_texts_are_read(raw: bytes, tmp_path: Path) -> None:
    check(tmp_path, raw)


def test_colours_are_taken_out() -> None:
    assert without_colours(b"\x1b[36mweb\x1b[0m \x1b[1;31;4mred\x1b[m\n") == b"web red\n"
    assert without_colours(b"\x1b[2Jcleared \x1b]0;title\x07\n") == b"\x1b[2Jcleared \x1b]0;title\x07\n"
    plain = b"no escape\n"
    assert without_colours(plain) is plain


def test_nul_bytes_before_a_line_are_left_out() -> None:
    assert without_leading_nuls(b"\0\0a\0b\n\0\n\0c\0\n") == b"a\0b\n\nc\0\n"
    plain = b"no zeros\n"
    assert without_leading_nuls(plain) is plain


BROKEN = (b"\xff", b"\xc3", b"\xe2\x82", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80")


@pytest.mark.parametrize("lines", [1, 500, 5000])
@pytest.mark.parametrize("broken", [None, *BROKEN])
def test_lines_that_are_no_utf8_are_mended_and_told(lines: int, broken: bytes | None) -> None:
    raw = [f"{number} größe €".encode() for number in range(lines)]
    wrong = [number for number in {0, lines // 2, lines - 1} if broken is not None]
    for number in wrong:
        raw[number] += broken or b""
    expected = [line.decode(errors="replace").encode() for line in raw]
    starts = {number: sum(len(line) + 1 for line in expected[:number]) for number in wrong}
    assert in_utf8(b"".join(line + b"\n" for line in raw)) == (
        b"".join(line + b"\n" for line in expected),
        sorted(starts.values()),
    )
