"""Lines that are cut by the log's templates are read as the careful path reads them, whatever stands in them."""

import random

import polars as pl
import pytest

from logcorr.formats.access_dialects import DIALECTS
from logcorr.formats.access_lines import AccessFormat, access_format
from logcorr.formats.line_format import LINE_SCHEMA
from tests.support.access_pools import ADDRESSES, AGENTS, IPS, LAYOUTS, METHODS, TARGETS
from tests.support.kernels_or_numpy import some

TEXT = (
    '{"timestamp": "2025-11-21T14:00:00.577Z", "method": "PUT", "endpoint": "/a%s?q", "status_code": "200",'
    ' "ip": "192.0.2.1", "response_time": 88, "extra": "x%sy", "user_agent": "u%s"}'
)
ODD = [chr(code) for code in range(33) if chr(code) != "\n"] + [
    *("\x7f", "\x85", "é", "\u2028", "\\n", "\\", "\\\\", '\\"', '"', '","', "\U0001f600", " ", "-", ""),
    *("\\/", "\\u0041", "\\ud800", "\\ud83d\\ude00", "\\x41", "\\\\\\", "\\u12", "?", "\\u003f", "\\u0020"),
]
COLUMNS = ["time", "duration_us", "status_code", "method", "endpoint", "ip", "user_agent"]
STAMPS = (
    *('"2025-11-21T14:00:00.577Z"',) * 6,
    *('"2025-11-21T14:00:00Z"', '"21/Nov/2025:14:00:00 +0100"', "1763733600.25", '"1763733600"', "1763733600"),
    *('"2025-02-30T14:00:00.577Z"', '" 2025-11-21T14:00:00.577Z"', '"-"', '""', "null", "007", "-1.5", "1e9"),
)
STATUSES = (
    *('"200"', "404", "200", '"007"', '"7"', '"0200"', '""', '" 200"', '"200 "', '"-"', "0", "00", "2e2", "200.0"),
    *("-1", "1000", "null", "true", '"20\\u0030"'),
)
DURATIONS = (
    *("88", "0", "1.5", '"1.5"', "0.0005", "0.0015", "0.0025", "12345678.12345678", "123456789012", '"0012"', "0012"),
    *("-5", "1e3", "-0", "null", '"-"', '""', '" 1"', "9007199254740993", "99999999999999999999", "1.", ".5", "true"),
    *("1500", "2500", "2501", '"1.5.5"', "0.123456789"),
)
WORDS = ("null", "true", "false", "nul", "12", "-1.5e7", "01", '"null"', '"-"', '""', '" "', '"a "', '" a"', '"?x"')


def lines(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"line": texts, "row": range(len(texts)), "refused": [None] * len(texts)}, schema=LINE_SCHEMA)


def check(form: AccessFormat, texts: list[str], end: str = "\n") -> pl.DataFrame:
    """The exchanges that are found at once among some lines, once they are seen to be those of the careful path."""
    found, rest = form.parse_common("".join(f"{text}{end}" for text in texts).encode(), [], 0)
    careful = form.classify(lines(*texts))
    other = pl.DataFrame(schema=LINE_SCHEMA) if rest is None else rest
    rows = pl.concat([found["row"], other["row"]])
    assert rows.sort().to_list() == list(range(len(texts)))
    assert other["line"].to_list() == [texts[row] for row in other["row"]]
    expected = careful.filter(pl.col("row").is_in(found["row"].implode()))
    assert expected["valid"].all()
    told = found.sort("row").select(*COLUMNS, "row").rows()
    differing = [
        (texts[row[-1]], row, other)
        for row, other in zip(told, expected.select(*COLUMNS, "row").rows(), strict=True)
        if row != other
    ]
    assert not differing
    return found


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("place", range(3))
def test_what_is_cut_is_what_the_careful_path_reads(place: int, end: str) -> None:
    plain = TEXT % ("", "", "")
    form = access_format("ndjson", [plain], collapse_ids=False)
    assert len(form.templates) == 1
    odd = [TEXT % tuple(char if place == at else "" for at in range(3)) for char in ODD]
    # So many plain ones that the odd ones are few, and are left to the careful path alone.
    found = check(form, [*odd, *[plain] * 17 * len(odd)], end)
    assert found.height >= 17 * len(odd)


@pytest.mark.parametrize("code", some((code for code in range(32) if chr(code) not in "\n\r"), 0, 9, 31))
def test_control_characters_are_no_json(code: int) -> None:
    plain, broken = TEXT % ("", "", ""), TEXT % ("", chr(code), "")
    form = access_format("ndjson", [plain], collapse_ids=False)
    assert form.classify(lines(broken))["reason"].to_list() == ["json"]
    for count in (1, 100):
        found = check(form, [broken, *[plain] * count])
        assert found["row"].to_list() == list(range(1, count + 1))


def shapes(name: str, chance: random.Random, count: int) -> list[list[tuple[str, str]]]:
    """Which keys the lines of a log may have, in their order, and what kind of value stands at each."""
    groups = [[slot for slot in group if "." not in slot[0]] for group in LAYOUTS[name]]
    found = []
    for _ in range(count):
        keys = dict(slot for group in groups for slot in group if group and chance.random() < 1.6 / len(group))
        slots = [*keys.items(), *[("extra", "bystander")] * chance.randint(0, 1)]
        if chance.random() < 0.5:
            chance.shuffle(slots)
        found.append(slots)
    return found


def token(kind: str, chance: random.Random, *, odd: bool) -> str:
    stamps, statuses, durations = (pool if odd else pool[:1] for pool in (STAMPS, STATUSES, DURATIONS))
    if kind in ("iso", "clf", "unix", "unix text"):
        return chance.choice(stamps)
    if kind == "status":
        return chance.choice(statuses)
    if kind in ("duration", "nanoseconds"):
        return chance.choice(durations)
    pools = {"method": METHODS, "target": TARGETS, "ip": IPS, "address": ADDRESSES}
    text = chance.choice(pools.get(kind, AGENTS)) if odd else "/a"
    if kind == "request" and chance.random() < 0.9:
        text = f"GET {text} HTTP/1.1"
    return chance.choice(WORDS) if odd and chance.random() < 0.2 else f'"{text}"'


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("seed", some(range(30), *range(6)))
def test_several_templates(name: str, seed: int) -> None:
    chance = random.Random(f"{name} {seed}")
    kinds = shapes(name, chance, chance.randint(1, 6))
    colon, comma = chance.choice((":", ": ")), chance.choice((",", ", "))

    def line(share: float) -> str:
        slots = chance.choice(kinds)
        values = [f'"{key}"{colon}{token(kind, chance, odd=chance.random() < share)}' for key, kind in slots]
        text = "{" + comma.join(values) + "}"
        if chance.random() < share / 10:
            at = chance.randrange(len(text))
            text = text[:at] + chance.choice(('"', ",", " ", "1", "\\", "{", "")) + text[at + chance.randint(0, 2) :]
        return text.replace("\n", "")

    form = access_format(name, [line(0) for _ in range(50)], collapse_ids=False)
    # Of some templates there is no line in this chunk.
    kinds[:] = chance.sample(kinds, chance.randint(1, len(kinds)))
    texts = [line(chance.choice((0, 0.2, 0.5))) for _ in range(300)]
    found = check(form, texts)
    if name in ("ndjson", "traefik", "nginx") and all({"iso", "status"} <= {kind for _, kind in of} for of in kinds):
        assert found.height > 30


def test_a_template_of_no_line_is_counted() -> None:
    plain = TEXT % ("", "", "")
    shapes = [plain, plain, plain.replace('"u"', "null")]
    form = access_format("ndjson", shapes, collapse_ids=False)
    assert len(form.templates) == 2
    for chosen in ([shapes[2]] * 3, [shapes[1]] * 3, shapes[1:]):
        assert check(form, chosen).height == len(chosen)
