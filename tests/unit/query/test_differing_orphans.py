"""Who stands out among requests without a response: those of the planted user, by plain counts, and only requests."""

import threading
from pathlib import Path

import pytest

from logcorr.jobs.correlate import correlate
from logcorr.model.errors import Cancelled
from logcorr.model.options import CorrelateOptions
from logcorr.query import filter_language
from logcorr.query.differing_orphans import differing_orphans
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """1,200 requests of 40 users; of those of one user in one minute none is answered. 30 responses have no request."""
    folder = tmp_path_factory.mktemp("lost")
    requests, responses = [], []
    for number in range(1200):
        user = "planted" if number % 60 < 10 and 300 <= number < 600 else f"user-{number % 40}"
        at = f"2025-03-01T12:{number // 60:02d}:{number % 60:02d}"
        requests.append(f"{at}Z,r{number},{user}\n")
        if user != "planted" and number % 97:
            responses.append(f"{at}.100Z,r{number},200\n")
    responses += [f"2025-03-01T12:05:{number:02d}.5Z,x{number},200\n" for number in range(30)]
    for side, lines in (("requests", requests), ("responses", responses)):
        (folder / f"{side}.log").write_text("".join(lines), encoding="utf8")
    sides = [str(Path(folder) / f"{side}.log") for side in ("requests", "responses")]
    options = CorrelateOptions(
        requests=(sides[0],), responses=(sides[1],), memory_bytes=1 << 30, store=str(folder / "store")
    )
    made = correlate(options).folder
    assert made is not None
    return RunFolder(made)


def terms_of(run: RunFolder, text: str) -> list[filter_language.Term]:
    schema = views.scan(run, "orphans").collect_schema()
    return filter_language.parse(text, schema, filter_language.day_of(run.report), run.manifest.files)


@pytest.mark.parametrize("text", ["", "reason=lost", "side=request time>=12:05 time<12:10"])
def test_the_planted_user_stands_out(run: RunFolder, text: str) -> None:
    terms = terms_of(run, text)
    told = differing_orphans(run, terms)
    lost = views.scan(run, "orphans").filter(filter_language.expression(terms_of(run, told.lost_filter))).collect()
    assert set(lost["side"]) == {"request"}
    assert told.inside == lost.height > 0
    assert told.inside + told.outside == 1200
    (of,) = told.lost
    assert [(row.value, row.inside, row.outside) for row in of.rows] == [("planted", 50, 0)]
    assert told.exchanges == []


def test_responses_alone_leave_nothing_to_compare(run: RunFolder) -> None:
    told = differing_orphans(run, terms_of(run, "side=response"))
    assert told.inside == 0
    assert told.nothing


def test_it_can_be_cancelled(run: RunFolder) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        differing_orphans(run, [], cancel)
