"""Files → lines, in chunks of any size: whatever bytes they hold, and however they are packed."""

import gzip
import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from logcorr.formats.line_format import LINE_SCHEMA
from logcorr.inputs import chunks as chunks_module
from logcorr.inputs import header_and_bom, whole_lines
from logcorr.inputs.chunks import chunks
from logcorr.inputs.decompress import check_text
from logcorr.inputs.files import InputFile, resolve
from logcorr.inputs.header_and_bom import first_line
from logcorr.inputs.line_numbers import LinesRead
from logcorr.inputs.sample_lines import sample
from logcorr.model.errors import InputError
from tests.oracle.pair_oracle import lines_of
from tests.support.helpers import succeed, zstandard
from tests.support.kernels_or_numpy import some

BOM = b"\xef\xbb\xbf"
MILLION = 1_000_000


class Found(NamedTuple):
    """What a reader gave: (row, line, refused) in order of rows, and its counts."""

    rows: list[tuple[int, str, str | None]]
    lines: list[int]
    starts: list[int]


def read(paths: list[Path], size: int = 1 << 20) -> Found:
    """All lines, in chunks of about `size` bytes."""
    files = resolve("request", tuple(str(path) for path in paths))
    lines_read = LinesRead(files)
    rows: list[tuple[int, str, str | None]] = []
    first = 0
    for chunk in chunks(files, size):
        frame = chunk.lines(first).collect(engine="streaming")
        assert dict(frame.schema) == dict(LINE_SCHEMA)
        rows += frame.sort("row").select("row", "line", "refused").iter_rows()
        for of_file in chunk.by_file:
            count = frame.height if of_file.lines is None else of_file.lines
            lines_read.add(of_file.file, first, count, of_file.bytes)
            first += count
    return Found(rows, lines_read.lines, lines_read.starts)


def plain(raw: bytes) -> list[str]:
    """The lines of a file by the oracle, its BOM left where it is."""
    head = BOM if raw.lstrip(b"\x00").startswith(BOM) else b""
    found = [line.decode() for line in lines_of(raw)]
    if head and found:
        found[0] = head.decode() + found[0]
    return found


def write(folder: Path, name: str, raw: bytes, form: str = "plain") -> Path:
    packers: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "gzip": gzip.compress, "zstd": zstandard}
    path = folder / name
    path.write_bytes(packers[form](raw))
    return path


def many(count: int, seed: int = 1) -> bytes:
    chance = random.Random(seed)
    return b"".join(b"%d,%s\n" % (number, b"x" * chance.randrange(90)) for number in range(count))


TRICKY = {
    "one line": b"a,b,c\n",
    "no end": b"a,b,c",
    "one letter": b"a",
    "crlf": b"a\r\nb\r\nc\r\n",
    "crlf without the last": b"a\r\nb",
    "ends mixed": b"a\nb\r\nc\n\r\nd\r\r\ne",
    "cr alone": b"a\rb\rc\n",
    "cr at the end": b"a\nb\r",
    "only a cr": b"\r",
    "only an end": b"\n",
    "only ends": b"\n\n\n",
    "only crlf": b"\r\n\r\n",
    "blank lines": b"\n  \n\t\na\n\n",
    "bom": BOM + b"a\nb\n",
    "bom and an end": BOM + b"\n",
    "bom twice": BOM + BOM + b"a\n",
    "bom later": b"a\n" + BOM + b"b\n",
    "nul": b"a\x00b\n\x00\n",
    "nuls first": b"\x00" * 9000 + b"a\n\x00\r\n\x00b\x00\nc\n\x00",
    "nuls and a bom": b"\x00" + BOM + b"\x00a\n\x00" + BOM + b"b\n",
    "nothing but nuls": b"\x00" * 9000,
    "quotes": b'"a\nb","c"\n"\n\'x\n',
    "other ends": "a\x0bb\x0cc\u2028d\u2029e\x85f\x1cg\n".encode(),
    "wide": "ünï,☃,𝒳\n\ud7ff\uffff\n".encode(),
    "escapes": b"\x1b[31m\\n\\\x7f\n",
    "many": many(10_000),
    "long lines": b"".join(b"y" * (1000 * number) + b"\n" for number in range(1, 60)),
    "many short": b"z\n" * 50_000,
    "around a block": b"a" * ((1 << 20) - 1) + b"\n" + b"b" * (1 << 20) + b"\r\n" + b"c" * ((1 << 20) - 2) + b"\r\nd",
}


@pytest.mark.parametrize(
    ("name", "form"),
    some(
        itertools.product(TRICKY, ("plain", "gzip", "zstd")),
        *((name, "plain") for name in TRICKY),
        *((name, "gzip") for name in ("no end", "crlf", "only a cr", "bom", "many", "around a block")),
        *((name, "zstd") for name in ("no end", "ends mixed", "bom twice", "wide", "long lines", "around a block")),
    ),
)
def test_a_file_is_read_as_the_oracle_reads_it(name: str, form: str, tmp_path: Path) -> None:
    path = write(tmp_path, "tricky.log", TRICKY[name], form)
    expected: list[tuple[int, str, str | None]] = [(row, text, None) for row, text in enumerate(plain(TRICKY[name]))]
    sizes = (1 << 12, 1 << 20, 1 << 24) if len(TRICKY[name]) > 100 else (1, 2, 3, 7, 1 << 20)
    for size in sizes:
        assert read([path], size) == Found(expected, [len(expected)], [0]), size


@pytest.mark.parametrize("seed", range(3))
def test_random_files_are_read_as_the_oracle_reads_them(seed: int, tmp_path: Path) -> None:
    """Several files at once, packed or not, empty ones among them."""
    chance = random.Random(seed)
    pieces = [b"\n", b"\r", b"\r\n", b"a", b" ", b",", "ü".encode(), BOM, b"2025-03-01T12:00:00Z,a,b\n"]
    for round_ in range(12):
        raws = [b"".join(chance.choices(pieces, k=chance.choice((0, 1, 3, 20)))) for _ in range(chance.randint(1, 5))]
        raws.append(b"x\n")
        forms = [chance.choice(("plain", "plain", "gzip", "zstd")) for _ in raws]
        paths = [
            write(tmp_path, f"{round_}-{number}.log", raw, form)
            for number, (raw, form) in enumerate(zip(raws, forms, strict=True))
        ]
        texts = [plain(raw) if raw != BOM else [BOM.decode()] for raw in raws]
        for size in (1, 5, 1 << 20):
            found = read(paths, size)
            assert [row[1] for row in found.rows] == list(itertools.chain(*texts)), raws
            assert found.lines == [len(text) for text in texts], raws
            assert found.starts == [sum(found.lines[:number]) for number in range(len(raws))], raws


def test_many_files_keep_their_order(tmp_path: Path) -> None:
    paths = [write(tmp_path, f"{20 - number}.log", b"%d\n" % number * (number % 4 * 3000)) for number in range(20)]
    found = read(paths, 1 << 14)
    assert found == read(paths)
    assert [row[1] for row in found.rows] == [str(number) for number in range(20) for _ in range(number % 4 * 3000)]


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_several_members_are_one_file(form: str, tmp_path: Path) -> None:
    """As `cat a.gz b.gz` makes them; a line may go on in the next member, and a member may be empty."""
    pack = gzip.compress if form == "gzip" else zstandard
    whole = many(10_000)
    cuts = [0, 1, 7, 100_000, 100_000, len(whole) - 1, len(whole)]
    path = tmp_path / "members.log"
    path.write_bytes(b"".join(pack(whole[start:stop]) for start, stop in itertools.pairwise(cuts)))
    assert [row[1] for row in read([path]).rows] == plain(whole)


@pytest.mark.parametrize("form", ["plain", "gzip", "zstd"])
def test_an_empty_file_has_no_lines(form: str, tmp_path: Path) -> None:
    path = write(tmp_path, "empty.log", b"", form)
    assert read([path]) == Found([], [0], [0])
    assert first_line(resolve("request", (str(path),))[0]) is None
    other = write(tmp_path, "other.log", b"a\n")
    for paths, starts in (([path, other], [0, 0]), ([other, path], [0, 1])):
        assert read(paths).starts == starts


BAD = {
    "a stray byte": (b"a\n\xffb\nc\n", [("a", None), ("\ufffdb", "encoding"), ("c", None)]),
    "cut off at the end": (b"a\n\xe2\x98", [("a", None), ("\ufffd", "encoding")]),
    "cut off at a line's end": (b"\xe2\x98\nb\n", [("\ufffd", "encoding"), ("b", None)]),
    "surrogates": (b"\xed\xa0\x80\n", [("\ufffd\ufffd\ufffd", "encoding")]),
    "too long a form": (b"\xc0\xaf\n", [("\ufffd\ufffd", "encoding")]),
    "past unicode": (b"\xf4\x90\x80\x80\n", [("\ufffd" * 4, "encoding")]),
    "utf-16": ("ab\n".encode("utf-16-le"), [("a\x00b\x00", None)]),
    "latin-1 with crlf": (b"caf\xe9\r\nok\r\n", [("caf\ufffd", "encoding"), ("ok", None)]),
}


@pytest.mark.parametrize("form", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize("name", BAD)
def test_what_is_not_utf8_is_marked(name: str, form: str, tmp_path: Path) -> None:
    raw, expected = BAD[name]
    path = write(tmp_path, "bad.log", raw, form)
    assert [row[1:] for row in read([path]).rows] == expected


@pytest.mark.parametrize("at", [0, 25_000, 49_999])
def test_bad_bytes_are_never_passed_over(at: int, tmp_path: Path) -> None:
    rows = many(50_000).splitlines(keepends=True)
    rows[at] = b"\xfe\n"
    path = write(tmp_path, "bad.log", b"".join(rows))
    refused = [row for row in read([path], 1 << 16).rows if row[2]]
    assert refused == [(at, "\ufffd", "encoding")]


def test_a_log_of_another_encoding_is_read_to_its_end(tmp_path: Path) -> None:
    """Wherever the wrong lines stand, and where all are."""
    for wrong in (lambda _: True, lambda number: number % 1000 == 7, lambda number: number > 55_000):
        rows = [b"caf\xe9,%d" % number if wrong(number) else "café".encode() for number in range(60_000)]
        path = write(tmp_path, "latin.log", b"\r\n".join(rows))
        found = read([path], 1 << 22).rows
        assert [row[1] for row in found] == [row.decode(errors="replace") for row in rows]
        assert [row[0] for row in found if row[2] == "encoding"] == list(filter(wrong, range(60_000)))


def test_a_line_too_long_to_be_held_is_cut(tmp_path: Path) -> None:
    path = write(tmp_path, "long.log", b"a,b,c\n" + b"x" * (9 * MILLION) + b"\n")
    rows = read([path]).rows
    assert [row[2] for row in rows] == [None, "fields"]
    assert len(rows[1][1]) < 10_000


def test_the_broken_file_is_named(tmp_path: Path) -> None:
    whole = write(tmp_path, "whole.gz", many(1000), "gzip")
    cut = tmp_path / "cut.gz"
    cut.write_bytes(whole.read_bytes()[:-10])
    with pytest.raises(InputError, match=r"cut\.gz.*broken or cut off after [0-9,]+ bytes"):
        read([whole, cut])


LONG = 9 * MILLION
VERY_LONG = {
    "no commas": (b"x" * LONG, "fields"),
    "only commas": (b"," * LONG, "fields"),
    "not utf-8": (b"x" * LONG + b"\xff", "encoding"),
    "blank": (b" \t" * (LONG // 2), "blank"),
    "an entry": (b"2025-03-01T12:00:00Z," + b"i" * LONG + b",u", "entry"),
    "a wide entry": (b"2025-03-01T12:00:00Z,b," + "☃".encode() * (LONG // 3), "entry"),
    "a bad timestamp": (b"2025-03-01T12:00:00ZZ," + b"i" * LONG + b",u", "timestamp"),
}


@pytest.mark.parametrize("name", some(VERY_LONG, *set(VERY_LONG) - {"no commas", "a wide entry"}))
def test_a_very_long_line_is_a_line_like_others(name: str, tmp_path: Path) -> None:
    line, kind = VERY_LONG[name]
    write(tmp_path, "requests.log", b"2025-03-01T12:00:00Z,a,u\n" + line + b"\r\n2025-03-01T12:00:02Z,c,u\n")
    write(tmp_path, "responses.log", b"2025-03-01T12:00:00.5Z,a,200\n")
    outputs = ("-o", "out.csv", "--malformed", "malformed.ndjson", "--report", "report.json", "--no-store")
    succeed("correlate", "requests.log", "responses.log", *outputs, cwd=tmp_path)
    ledger = json.loads((tmp_path / "report.json").read_bytes())["inputs"]["requests"]
    assert ledger["lines"] == 3
    assert ledger["matched"] == 1
    assert ledger["blank"] == (kind == "blank")
    assert ledger["orphans"] == 1 + (kind == "entry")
    refused = [json.loads(row) for row in (tmp_path / "malformed.ndjson").read_bytes().splitlines()]
    if kind in ("blank", "entry"):
        assert refused == []
        assert ledger["malformed"] == {}
    else:
        assert ledger["malformed"] == {kind: 1}
        (row,) = refused
        text = line.decode(errors="replace").encode()[:4096].decode(errors="ignore")
        where = {"side": "request", "file": "requests.log", "line": 2}
        assert row == where | {"reason": kind, "text": text, "truncated": True}


@pytest.mark.parametrize("form", ["plain", "gzip", "zstd"])
def test_the_first_line(form: str, tmp_path: Path) -> None:
    def first(raw: bytes) -> header_and_bom.FirstLine | None:
        return first_line(resolve("request", (str(write(tmp_path, "first.log", raw, form)),))[0])

    assert first(b"2025-03-01T12:00:00Z,a,u\n") is None
    assert first(b"ts,Request_ID,u\r\nx\n") == header_and_bom.FirstLine("ts,Request_ID,u", None, phantom=False)
    assert first(BOM + b"a") == header_and_bom.FirstLine("\ufeffa", None, phantom=False)
    assert first(BOM + b"a\xff\n") == header_and_bom.FirstLine("\ufeffa\ufffd", "encoding", phantom=False)
    assert first(BOM) == header_and_bom.FirstLine("\ufeff", None, phantom=True)
    assert first(BOM + b"\n") == header_and_bom.FirstLine("\ufeff", None, phantom=False)


def test_a_sample_is_the_first_lines(tmp_path: Path) -> None:
    raw = many(1000)
    for form in ("plain", "gzip", "zstd"):
        (file,) = resolve("request", (str(write(tmp_path, "sample.log", raw, form)),))
        assert sample(file) == plain(raw)[:100]


def test_a_sample_has_whole_lines_that_say_something(tmp_path: Path) -> None:
    def sampled(raw: bytes) -> list[str]:
        return sample(*resolve("access", (str(write(tmp_path, "sample.log", raw)),)))

    assert sampled(BOM + b"a\n \t\n\r\nb\xff\nc\xe2\x80\xa8d\x0b\r\ne") == ["a", "c\u2028d\x0b", "e"]
    assert sampled(b"a" * (1 << 17) + b"\n" + b"b" * (1 << 17)) == ["a" * (1 << 17)]
    assert sampled(BOM) == sampled(b"") == []


STAMP = b"2025-11-21T14:00:00Z"
LONG = 6 * MILLION
LONG_LINES = {
    "no commas": (b"x" * LONG, "fields"),
    "too many commas": (STAMP + b",id,u" + b",x" * LONG, "fields"),
    "two commas and no timestamp": (b"x" * LONG + b",id,u", "timestamp"),
    "no utf8 at its end": (b"x" * LONG + b"\xff", "encoding"),
    "a character cut off": (b"x" * LONG + b"\xe2\x82", "encoding"),
    "blank": (b" \t" * LONG, None),
    "an entry behind blanks": (b" " * LONG + STAMP + b",id,u", None),
    "an entry of a long id": (STAMP + b"," + b"i" * LONG + b",u", None),
}


@pytest.mark.parametrize("end", some((b"\n", b"\r\n", b""), b"\r\n", b""))
@pytest.mark.parametrize(("line", "reason"), LONG_LINES.values(), ids=LONG_LINES)
def test_a_long_line_is_held_only_where_it_has_to_be(
    line: bytes, reason: str | None, end: bytes, tmp_path: Path
) -> None:
    path = write(tmp_path, "long.log", b"a,b,c\n" + line + end + (b"d,e,f\n" if end else b""))
    rows = read([path]).rows
    assert [row[2] for row in rows] == [None, reason, *([None] if end else [])]
    assert [row[1] for row in rows[::2]] == ["a,b,c", *(["d,e,f"] if end else [])]
    if reason is None:
        assert rows[1][1].strip(" \t") == line.decode().strip(" \t")
    else:
        assert line.startswith(rows[1][1].encode()[:4096])
        assert len(rows[1][1]) < 10_000


def test_a_chunk_gives_the_lines_of_each_file(tmp_path: Path) -> None:
    raws = [many(300, seed=number) for number in range(5)] + [b"", b"\x00no end"]
    paths = [write(tmp_path, f"{number}.log", raw) for number, raw in enumerate(raws)]
    texts = [b""] * len(raws)
    for chunk in chunks(resolve("request", tuple(str(path) for path in paths)), 30_000):
        for number, text in chunk.texts():
            texts[number] += text
    assert texts == [*raws[:-1], b"no end\n"]


@pytest.mark.parametrize("form", ["plain", "gzip", "zstd"])
def test_documents_are_lines(form: str, tmp_path: Path) -> None:
    objects = [{"number": number, "text": "x" * (number % 90)} for number in range(5000)]
    for raw in (
        json.dumps(objects),
        json.dumps(objects, indent=2),
        "\n".join(json.dumps(o, indent=1) for o in objects),
    ):
        path = write(tmp_path, "documents.json", raw.encode(), form)
        for size in (4000, 1 << 20):
            found = read([path], size)
            assert [json.loads(text) for _, text, _ in found.rows] == objects
            assert found.lines == [len(objects)]


@pytest.fixture
def no_thread_stays() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.mark.usefixtures("no_thread_stays")
@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_threads_end_with_the_files_or_when_reading_is_given_up(form: str, tmp_path: Path) -> None:
    paths = [write(tmp_path, f"{number}.log", many(20_000, number), form) for number in range(4)]
    files = resolve("request", tuple(map(str, paths)))
    everything = len(list(chunks(files, 1 << 16)))
    for taken in (0, 1, everything // 2, everything):
        found = chunks(files, 1 << 16)
        assert len(list(itertools.islice(found, taken))) == taken
        found.close()


@pytest.mark.usefixtures("no_thread_stays")
@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_broken_file_is_told_once_the_files_before_it_are_read(form: str, tmp_path: Path) -> None:
    paths = [write(tmp_path, f"{number}.log", many(1000, number), form) for number in range(4)]
    paths[2].write_bytes(paths[2].read_bytes()[:-3])
    read_before = 0
    with pytest.raises(InputError, match=r"2\.log.*broken or cut off after [\d,]+ bytes"):  # noqa: PT012 - at some chunk
        for chunk in chunks(resolve("request", tuple(map(str, paths))), 1 << 12):
            read_before = chunk.by_file[-1].file
    assert read_before == 1


@pytest.mark.parametrize("form", ["plain", "gzip", "zstd"])
def test_a_look_at_the_head_starts_no_thread(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = resolve("request", (str(write(tmp_path, "a.log", many(10_000), form)),))[0]
    monkeypatch.setattr(threading.Thread, "start", lambda _: pytest.fail("a thread was started"))
    check_text(file)
    assert sample(file)


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_the_next_files_are_decompressed_ahead(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def decompress_ahead(file: InputFile) -> object:
        begun.append(file.path.stem)
        return whole_lines.decompress_ahead(file)

    monkeypatch.setattr(chunks_module, "decompress_ahead", decompress_ahead)
    forms = [form, form, "plain", form, form, form]
    paths = [write(tmp_path, f"{number}.log", many(1000, number), one) for number, one in enumerate(forms)]
    found = chunks(resolve("request", tuple(map(str, paths))), 1 << 12)
    seen = [(chunk.by_file[-1].file, "".join(begun)) for chunk in found]
    assert dict(reversed(seen)) == {
        0: "01", 1: "013", 2: "0134", 3: "01345", 4: "01345", 5: "01345"
    }  # fmt: skip


def test_a_large_window_is_not_held_for_files_that_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write(tmp_path, f"{number}.log", b"%d\n" % number, "zstd") for number in range(3)]
    files = resolve("request", tuple(map(str, paths)))
    wide = [msgspec.structs.replace(file, window_bytes=1 << 27) for file in files]
    monkeypatch.setattr(chunks_module, "decompress_ahead", lambda _: pytest.fail("it was begun ahead"))
    assert [chunk.text for chunk in chunks(wide, 1 << 12)] == [b"0\n1\n2\n"]
    with pytest.raises(pytest.fail.Exception):
        next(chunks(files, 1 << 12))
