"""`--html` on every command that has it: a page that holds the run, and the rules of every other output."""

import sys
from pathlib import Path

import pytest

from logcorr.model.errors import OutputError
from logcorr.render.html import page
from tests.support.helpers import (
    Outcome,
    assert_short_error,
    files_of,
    generated,
    kept,
    logcorr,
    runs_root,
    start,
    succeed,
    write_pair,
)
from tests.support.html_pages import Parsed, faults

PAIR = ("correlate", "requests.log", "responses.log")
ACCESS = b"".join(
    b'{"timestamp":"2025-11-21T14:00:%02dZ","method":"GET","endpoint":"/a/%d","status_code":%d,"response_time":%d}\n'
    % (k % 60, k % 3, 500 if k % 7 == 0 else 200, k)
    for k in range(200)
)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    write_pair(tmp_path)
    (tmp_path / "access.ndjson").write_bytes(ACCESS)
    return tmp_path


def names(folder: Path) -> list[str]:
    return [run.name for run in kept(folder) if not run.name.startswith(".")]


def test_correlate_prints_its_summary_and_writes_the_page(here: Path) -> None:
    outcome = succeed(*PAIR, "--html", "report.html", cwd=here)
    assert b"complete" in outcome.out
    html = (here / "report.html").read_bytes()
    assert faults(html) == []
    text = Parsed(html).text
    for part in ("requests.log", "⋈", "222ms", "503", "How it was run", names(here)[0]):
        assert part in text


@pytest.mark.parametrize("words", [PAIR, ("analyze", "access.ndjson")])
def test_a_run_that_is_not_kept_has_all_rows_in_its_page(here: Path, words: tuple[str, ...]) -> None:
    succeed(*words, "--no-store", "--html", "none.html", cwd=here)
    assert names(here) == []
    succeed(*words, "--html", "kept.html", cwd=here)
    for name in ("none.html", "kept.html"):
        rows = Parsed((here / name).read_bytes())
        assert "Slowest" in rows.text
        assert rows.counts["tr"] > 20
    counts = [Parsed((here / name).read_bytes()).counts["td"] for name in ("none.html", "kept.html")]
    assert counts[0] == counts[1]


def test_analyze_writes_endpoints(here: Path) -> None:
    succeed("analyze", "access.ndjson", "--html", "a.html", "--report", "a.json", "-o", "a.csv", cwd=here)
    text = Parsed((here / "a.html").read_bytes()).text
    for part in ("/a/0", "/a/2", "Endpoints", "Failed", "access.ndjson"):
        assert part in text
    assert (here / "a.json").exists()
    assert (here / "a.csv").exists()


def test_a_run_opened_again_has_the_same_page(here: Path) -> None:
    succeed(*PAIR, "--html", "first.html", cwd=here)
    assert b"opened the finished run again" in succeed(*PAIR, "--html", "second.html", cwd=here).out
    succeed("export", names(here)[0][:6], "--html", "third.html", cwd=here)
    pages = [(here / f"{name}.html").read_bytes() for name in ("first", "second", "third")]
    assert pages[0] == pages[1] == pages[2]


def test_diff_writes_what_it_prints(here: Path) -> None:
    succeed(*PAIR, cwd=here)
    succeed(*PAIR, "--skew", "100", cwd=here)
    runs = names(here)
    outcome = succeed("diff", *runs, "--html", "d.html", cwd=here)
    html = (here / "d.html").read_bytes()
    assert faults(html) == []
    text = Parsed(html).text
    for part in (*runs, "Figures", "Made with other options"):
        assert part in text
    assert b"Made with other options" in outcome.out
    json = succeed("diff", *runs, "--html", "e.html", "--json", cwd=here)
    assert json.out.startswith(b"{")
    assert (here / "e.html").read_bytes() == html


def test_nothing_is_replaced_unasked(here: Path) -> None:
    succeed(*PAIR, cwd=here)
    succeed(*PAIR, "--skew", "1", cwd=here)
    (here / "old.html").write_text("old")
    (run, other) = names(here)
    for words in (
        (*PAIR, "--html", "old.html"),
        ("analyze", "access.ndjson", "--html", "old.html"),
        ("export", run, "--html", "old.html"),
        ("diff", run, other, "--html", "old.html"),
    ):
        before = files_of(here)
        outcome = logcorr(*words, cwd=here)
        assert outcome.code == 3
        assert_short_error(outcome, "old.html", "--force")
        assert files_of(here) == before
        succeed(*words, "--force", cwd=here)
        assert faults((here / "old.html").read_bytes()) == []
        (here / "old.html").write_text("old")


def test_never_an_input(here: Path) -> None:
    succeed(*PAIR, cwd=here)
    succeed(*PAIR, "--skew", "1", cwd=here)
    run, other = names(here)
    for words in (
        (*PAIR, "--force", "--html", "requests.log"),
        ("analyze", "access.ndjson", "--force", "--html", "access.ndjson"),
        ("export", run, "--force", "--html", "responses.log"),
        ("diff", run, other, "--force", "--html", "./requests.log"),
    ):
        before = files_of(here)
        outcome = logcorr(*words, cwd=here)
        assert outcome.code == 3
        assert_short_error(outcome, "is one of the inputs")
        assert files_of(here) == before


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((*PAIR, "--html", "-"), 2, "--html writes a file"),
        ((*PAIR, "--html", "none/a.html"), 3, "its folder does not exist"),
        ((*PAIR, "--html", "folder"), 3, "is a folder"),
        ((*PAIR, "--html", "a.html", "--report", "a.html"), 3, "named twice"),
        (("export", "RUN", "--html", "-"), 2, "--html writes a file"),
        (("export", "RUN"), 2, "give --view and -o, or --html, or --openmetrics."),
        (("export", "RUN", "--view", "slow"), 2, "give --view and -o, or --html, or --openmetrics."),
        (
            ("export", "RUN", "--view", "slow", "--html", "a.html"),
            2,
            "give --view and -o, or --html, or --openmetrics.",
        ),
        (("diff", "RUN", "RUN", "--html", "folder"), 3, "is a folder"),
    ],
)
def test_errors(here: Path, words: tuple[str, ...], code: int, told: str) -> None:
    succeed(*PAIR, cwd=here)
    (here / "folder").mkdir()
    before = files_of(here)
    outcome = logcorr(*(names(here)[0] if word == "RUN" else word for word in words), cwd=here)
    assert outcome.code == code
    assert_short_error(outcome, told)
    assert files_of(here) == before


def test_a_page_that_fails_leaves_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_run: object) -> bytes:
        raise OutputError("the disk is full.")

    monkeypatch.setattr(page, "run_html", fail)
    before = files_of(here)
    outcome = logcorr(*PAIR, "--html", "a.html", "-o", "a.csv", "--report", "a.json", cwd=here)
    assert outcome.code == 3
    assert files_of(here) == before
    assert kept(here) == []


def test_a_failed_condition_keeps_the_page(here: Path) -> None:
    outcome = logcorr(*PAIR, "--html", "a.html", "--fail-if", "p99>1ms", cwd=here)
    assert outcome.code == 1
    assert faults((here / "a.html").read_bytes()) == []


def test_a_damaged_run_is_made_again(here: Path) -> None:
    succeed(*PAIR, cwd=here)
    (run,) = kept(here)
    for part in (run / "exchanges").iterdir():
        raw = bytearray(part.read_bytes())
        raw[4:-8] = bytes(len(raw) - 12)
        part.write_bytes(raw)
    outcome = logcorr("export", run.name, "--html", "a.html", cwd=here)
    assert outcome.code == 2
    assert_short_error(outcome, "damaged")
    assert not (here / "a.html").exists()
    succeed(*PAIR, "--html", "a.html", cwd=here)
    assert "222ms" in Parsed((here / "a.html").read_bytes()).text
    assert runs_root(here).exists()


def test_a_long_log_makes_a_page_of_a_thousand_rows_each(tmp_path: Path) -> None:
    truth = generated(tmp_path, 40_000, encoding_errors=False, header=True)
    assert truth
    outcome: Outcome = succeed(*PAIR, "--html", "a.html", cwd=tmp_path)
    assert outcome.out
    html = (tmp_path / "a.html").read_bytes()
    assert html.count(b"first 1,000 of") == 2
    assert len(html) < 1_500_000
    assert faults(html) == []


def test_jinja_is_loaded_only_for_a_page(here: Path) -> None:
    code = "import sys\nfrom logcorr.cli import main\ntry:\n    main()\n"
    code += "finally:\n    print('jinja2' in sys.modules, file=sys.stderr)"
    for words, loaded in ((PAIR, False), ((*PAIR, "--html", "a.html"), True)):
        process = start([sys.executable, "-c", code, *words, "--progress", "none"], here)
        _, told = process.communicate(timeout=60)
        assert (process.returncode, told.splitlines()[-1]) == (0, str(loaded)), told
