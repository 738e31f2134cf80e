"""CSV files that a spreadsheet opens: no text from a log is run there, and numbers stay numbers."""

import csv
import io
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.runs.csv_formulas import without_formulas
from tests.support.helpers import succeed, write_pair

FORMULAS = ("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\x00=1", " =1", "＝1", "＋1", "－1", "＠1", "--", "-")
HARMLESS = ("a=1", "req-1", "x+y", "a@b.c", "", "'=1", "1", "2025-03-01T12:00:00Z", '"=1"', "a;b", "a\tb", "é=")
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
WITHIN = {'a;=1;-2"': "a;'=1;'-2\"", 'a;"=1"': 'a;"\'=1"', "a\t@b": "a\t'@b", "a\r+1": "a\r'+1", ";;\x00=": ";;\x00'="}
_NASTY = st.text(alphabet="=+-@＝;,\t\r\n\"' \x00aé1", max_size=8)


def cells(texts: list[str]) -> list[str]:
    return without_formulas(pl.DataFrame({"text": texts})).to_series().to_list()


def is_run(cell: str) -> bool:
    """Whether a spreadsheet might take a cell for a formula."""
    return cell.lstrip(" \u00a0" + "".join(map(chr, range(32))))[:1] in tuple("=+-@＝＋－＠")


def test_what_would_be_run_gets_a_quote_in_front() -> None:
    for text, cell in zip(FORMULAS, cells(list(FORMULAS)), strict=True):
        assert cell[0] == "'", text
        assert cell.replace("'", "") == text
    assert cells(list(HARMLESS)) == list(HARMLESS)
    assert cells([GOOGLEBOT]) == [GOOGLEBOT]


def test_other_separators_make_other_cells() -> None:
    assert cells(list(WITHIN)) == list(WITHIN.values())


@given(st.lists(st.tuples(_NASTY, st.integers(-9, 9), _NASTY), min_size=1, max_size=8), st.sampled_from(",;\t"))
def test_no_reader_finds_a_formula(rows: list[tuple[str, int, str]], separator: str) -> None:
    frame = without_formulas(pl.DataFrame(rows, schema=["a", "n", "b"], orient="row"))
    read = list(csv.reader(io.StringIO(frame.write_csv(), newline=""), delimiter=separator))
    numbers = re.compile(r"-[0-9]+(,.*)?", re.DOTALL)
    found = [cell for row in read[1:] for cell in row if is_run(cell) and not numbers.fullmatch(cell)]
    assert not found
    assert [text.replace("'", "") for text in frame["a"]] == [row[0].replace("'", "") for row in rows]
    assert frame["n"].to_list() == [row[1] for row in rows]


def test_files_are_inert_unless_they_are_to_be_raw(tmp_path: Path) -> None:
    write_pair(
        tmp_path,
        b"2025-03-01T12:00:00Z,=1+1,@user\n-bad\n",
        b"2025-03-01T11:59:59Z,=1+1,200\n2025-03-01T12:00:00Z,+alone,200\n",
    )
    pair = ("correlate", "requests.log", "responses.log", "-o", "out.csv", "--orphans", "alone.csv")
    outcome = succeed(*pair, "--malformed", "bad.csv", cwd=tmp_path)
    run = next((tmp_path / "cache").rglob("manifest.json")).parent.name
    assert not outcome.out
    assert (tmp_path / "out.csv").read_text().splitlines()[1] == "'=1+1,'@user,200,-1000"
    assert "\nresponse,'+alone," in (tmp_path / "alone.csv").read_text()
    assert (tmp_path / "bad.csv").read_text().splitlines()[1].endswith(",fields,'-bad,false")
    succeed("export", run, "--view", "skewed", "-o", "again.csv", "--sort", "time", cwd=tmp_path)
    assert (tmp_path / "again.csv").read_text().splitlines()[1] == "'=1+1,'@user,200,-1000"
    succeed(*pair, "--force", "--raw-csv", cwd=tmp_path)
    succeed("export", run, "--view", "skewed", "-o", "again.csv", "--force", "--raw-csv", cwd=tmp_path)
    for name in ("out.csv", "again.csv"):
        assert (tmp_path / name).read_text().splitlines()[1] == "=1+1,@user,200,-1000"


@pytest.mark.parametrize("form", ["json", "ndjson", "parquet"])
def test_other_forms_are_as_the_log_has_it(form: str, tmp_path: Path) -> None:
    write_pair(tmp_path, b"2025-03-01T12:00:00Z,=1+1,@user\n", b"2025-03-01T12:00:00Z,=1+1,200\n")
    succeed("correlate", "requests.log", "responses.log", "-o", f"out.{form}", cwd=tmp_path)
    path = tmp_path / f"out.{form}"
    read = pl.read_json(path) if form == "json" else pl.read_ndjson(path) if form == "ndjson" else pl.read_parquet(path)
    assert read.row(0)[:2] == ("=1+1", "@user")
