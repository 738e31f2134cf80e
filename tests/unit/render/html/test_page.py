"""Pages of HTML: what they show of runs of every kind, that they load nothing, that hostile text stays text, their size."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute.object_path import local
from logcorr.model.access_report import RunReport
from logcorr.model.errors import InputError
from logcorr.model.manifest import Manifest
from logcorr.render.html import page, page_charts, run_page
from logcorr.render.html.page import MOST_BYTES, diff_html, json_for_html, run_html
from logcorr.runs.run_folder import RunFolder
from tests.support import access_reports, attribute_runs, pair_reports
from tests.support.attribute_runs import Lost, Pair
from tests.support.html_pages import PAYLOADS, Parsed, faults
from tests.unit.render import test_diff_summary as diffs

SECOND_US = 1_000_000
REPORTS: list[Callable[[], RunReport]] = [
    pair_reports.busy,
    pair_reports.empty,
    pair_reports.only_orphans,
    pair_reports.one_exchange,
]
REPORTS += [pair_reports.one_log, pair_reports.without_clock]
ACCESS_REPORTS: list[Callable[[], RunReport]] = [
    access_reports.busy,
    access_reports.empty,
    access_reports.one_request,
    access_reports.without_times,
]


def written(folder: Path, report: RunReport) -> RunFolder:
    """A run folder with this report, and views without rows."""
    pair = report.kind == "correlation"
    instant = pl.Datetime("us", "UTC")
    exchange = {"status_code": pl.Int16, "request_time": instant, "duration_us": pl.Int64}
    schemas: dict[str, dict[str, object]] = {
        "exchanges": {**({"request_id": pl.String} if pair else {}), **exchange, "line": pl.UInt32},
        "malformed": {"side": pl.String, "file": pl.UInt32, "line": pl.UInt32, "reason": pl.String, "text": pl.String},
    }
    if pair:
        schemas["orphans"] = {
            "side": pl.String,
            "reason": pl.String,
            "time": instant,
            "file": pl.UInt32,
            "line": pl.UInt32,
        }
    parts = {}
    for name, schema in schemas.items():
        path = folder / name / "0000.parquet"
        path.parent.mkdir(parents=True)
        pl.DataFrame(schema=schema).write_parquet(path)  # type: ignore[arg-type]
        parts[f"{name}/0000.parquet"] = path.stat().st_size
    manifest = Manifest(
        schema=1,
        kind=report.kind,
        key="5e1f3c0ffee4a7b9",
        version="1.2.3",
        created="2025-11-21T16:04:05Z",
        options={},
        inputs={},
        files={"request": ["/logs/requests.log"], "response": ["/logs/responses.log"]}
        if pair
        else {"access": ["a.log"]},
        parts=parts,
        attributes=[],
        rows=dict.fromkeys(schemas, 0),
        headline={},
    )
    run = RunFolder(folder)
    run.write(manifest, report)
    return run


def hostile_run(folder: Path, count: int = 40) -> RunFolder:
    """A correlation whose every text tries to become HTML."""
    pairs = [
        Pair(
            k * SECOND_US,
            (k + 1) * 1000,
            500 if k % 2 else 200,
            user_id=text,
            endpoint=f"/{text}",
            method=text,
            ip=text,
            user_agent=text,
            tenant=text,
        )
        for k, text in enumerate(PAYLOADS * (count // len(PAYLOADS) + 1))
    ]
    lost = [Lost("request", k * SECOND_US, user_id=text, endpoint=text) for k, text in enumerate(PAYLOADS)]
    return with_malformed(attribute_runs.made(folder, pairs, lost), PAYLOADS)


def with_malformed(run: RunFolder, texts: Sequence[str]) -> RunFolder:
    """The run with malformed lines of these texts."""
    path = run.path / "malformed" / "0000.parquet"
    path.parent.mkdir()
    numbers = {"file": 0, "line": 1}
    rows = [{"side": "request", **numbers, "reason": "fields", "text": text, "truncated": False} for text in texts]
    pl.DataFrame(rows, schema_overrides={"file": pl.UInt32, "line": pl.UInt32}).write_parquet(path)
    manifest = run.manifest
    parts = {**manifest.parts, "malformed/0000.parquet": path.stat().st_size}
    counts = {**manifest.rows, "malformed": len(texts)}
    run.write(msgspec.structs.replace(manifest, parts=parts, rows=counts), run.report)
    return run


@pytest.mark.parametrize(
    "report", [*REPORTS, *ACCESS_REPORTS], ids=lambda make: f"{make.__module__[14:]}-{make.__name__}"
)
def test_every_report_makes_a_page(report: Callable[[], RunReport], tmp_path: Path) -> None:
    html = run_html(written(tmp_path / "run", report()))
    assert faults(html) == []
    assert b"How it was run" in html


def test_the_page_of_a_correlation_shows_its_figures(tmp_path: Path) -> None:
    parsed = Parsed(run_html(written(tmp_path / "run", pair_reports.busy())))
    for text in ("requests.log", "responses.log", "complete", "99.62 %", "14.2ms", "812ms"):
        assert text in parsed.text
    for title in (
        "Latency distribution",
        "Status codes",
        "Requests",
        "Percentiles over time",
        "Worst windows",
        "Ledger",
    ):
        assert title in parsed.text
    assert "9,912,345" in parsed.text
    assert "Worst window" in parsed.text
    assert parsed.data["times"]["width"] == 60
    assert len(parsed.data["charts"]["flow"]["good"]) == len(pair_reports.busy().timeline.points)


def test_the_page_has_landmarks_and_heads(tmp_path: Path) -> None:
    parsed = Parsed(run_html(written(tmp_path / "run", access_reports.busy())))
    counts = parsed.counts
    assert {counts[tag] for tag in ("main", "header", "footer", "nav", "h1")} == {1}
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in parsed.tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(name, ids[0]) in ids
        assert (attributes.get("href") or "#main")[1:] in ids
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in parsed.tags if tag == "th")
    stills = [attributes for tag, attributes in parsed.tags if tag == "svg" and attributes.get("class") == "still"]
    assert stills
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in stills)


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    html = run_html(hostile_run(tmp_path / "run"))
    assert faults(html) == []
    assert b"1337" not in html  # what the payloads for templates come to
    text = Parsed(html).text
    for payload in PAYLOADS[:-1]:
        assert payload in text
    assert not {char for char in text if char in "\u202e\u2066\x00\x1b\x07\u200b\ufeff\x9b\u2028"}


def test_hostile_names_of_files_and_formats(tmp_path: Path) -> None:
    for k, payload in enumerate(PAYLOADS):
        run = written(tmp_path / f"run{k}", access_reports.busy())
        manifest = msgspec.structs.replace(run.manifest, files={payload: [payload]}, key=payload, created=payload)
        report = run.report
        how = msgspec.structs.replace(report.run, options={payload: payload}, version=payload)
        run.write(manifest, msgspec.structs.replace(report, run=how))
        assert faults(run_html(run)) == []


def test_a_page_has_a_largest_size(tmp_path: Path) -> None:
    """Each text is as long as a page shows it, of characters that take most bytes when they are escaped."""
    long = "\"&<>'" * 60
    pairs = [
        Pair(
            k * SECOND_US,
            (k + 1) * 997,
            500,
            user_id=f"{k}{long}",
            endpoint=f"/{k}{long}",
            method=f"{k}{long}",
            ip=f"{k}{long}",
            user_agent=f"{k}{long}",
            tenant=f"{k}{long}",
        )
        for k in range(2500)
    ]
    lost = [Lost("request", k * SECOND_US, user_id=long, endpoint=long) for k in range(2000)]
    html = run_html(with_malformed(attribute_runs.made(tmp_path / "run", pairs, lost), [long] * 1500))
    assert 1_000_000 < len(html) < MOST_BYTES
    assert faults(html) == []


def test_a_larger_page_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_BYTES", 1000)
    with pytest.raises(Exception, match="more than 1,000"):
        run_html(written(tmp_path / "run", pair_reports.empty()))


@pytest.mark.parametrize("make", [diffs.incident, diffs.same, diffs.access, diffs.empty, diffs.hostile])
def test_a_comparison_makes_a_page(make: diffs.Make, tmp_path: Path) -> None:
    html = diff_html(make(tmp_path))
    assert faults(html) == []
    assert len(html) < 300_000
    assert "What changed" in Parsed(html).text


def test_the_page_of_a_comparison_shows_the_tables_of_the_summary(tmp_path: Path) -> None:
    text = Parsed(diff_html(diffs.incident(tmp_path))).text
    for title in ("▲ worse", "Figures", "Latency", "Status codes", "Users by failures", "Made with other options"):
        assert title in text
    for cell in ("▲ worse", "86e3879cd9f4d339", "e796ff0b1535349c", "700ms", "2.4s"):
        assert cell in text


def test_damage_is_told(tmp_path: Path) -> None:
    run = hostile_run(tmp_path / "run")
    (part, *_) = run.view("exchanges")
    raw = bytearray(local(part).read_bytes())
    raw[4:-4] = bytes(len(raw) - 8)
    local(part).write_bytes(raw)
    with pytest.raises(InputError, match="damaged"):
        run_html(run)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_data_never_ends_its_element(value: object) -> None:
    text = json_for_html(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert msgspec.json.decode(text) == value


def test_the_policy_changes_with_the_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(page, "_script", lambda: "1")
    html = run_html(written(tmp_path / "run", pair_reports.empty()))
    assert faults(html) == []


def test_every_chart_of_a_run_has_a_picture_and_data(tmp_path: Path) -> None:
    run = hostile_run(tmp_path / "run")
    shown = run_page.page_of(run)
    charts = [panel for section in shown.sections for panel in section.panels if panel.kind == "chart"]
    assert [chart.id for chart in charts] == ["latency", "flow", "percentiles", "heat", "orphans-over-time"]
    data = Parsed(run_html(run)).data
    assert set(data["charts"]) == {chart.id for chart in charts}
    assert data["times"] == page_charts.time_data(run.report.timeline)
