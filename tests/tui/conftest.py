"""What tests of the app share: style sheets are parsed once for all apps, and filters need not start a process."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from logcorr.compute.object_path import local
from logcorr.model.errors import Cancelled
from logcorr.query import filter_process, view_pages
from logcorr.query.table_columns import Row


@pytest.fixture(scope="session", autouse=True)
def _styles_parsed_once() -> Iterator[None]:
    """Each app and each change of theme parses the same sheets again, a third of what it takes to start an app."""
    from textual.css.model import RuleSet
    from textual.css.stylesheet import Stylesheet

    parse = Stylesheet._parse_rules
    known: dict[tuple[Any, ...], list[RuleSet]] = {}

    def parsed(sheet: Stylesheet, css: str, read_from: Any, *more: Any, **named: Any) -> list[RuleSet]:
        key = (css, read_from, more, *named.items(), *sorted(sheet._variables.items()))
        if key not in known:
            known[key] = parse(sheet, css, read_from, *more, **named)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parsed)
        yield


@pytest.fixture(scope="session", autouse=True)
def _dark_terminal() -> Iterator[None]:
    """The app starts dark and with all colours, whatever the terminal of these tests has told."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("COLORFGBG", "NO_COLOR"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def filtered_here() -> Iterator[None]:
    """Filters and sorts in a thread of this process, which has loaded all it needs for that.

    The process of its own that does so for a user is in tests/unit/query/test_view_pages.py, in the pictures and in the terminals.
    """
    from logcorr.query import filter_worker

    telling = threading.local()

    def here(
        job: filter_process.FilterTask, cancel: threading.Event, first: Callable[[list[Row]], None]
    ) -> filter_process.FilteredFiles:
        telling.first = first
        made = filter_worker.do(job)
        if cancel.is_set():
            raise Cancelled("The filter or sort was cancelled.")
        return filter_process.FilteredFiles(
            [
                (str(local(path).relative_to(job.folder)), rows)
                for path, rows in zip(made.paths, made.heights, strict=True)
            ],
            0,
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filter_worker, "_tell", lambda event: telling.first(event.rows))
        patch.setattr(view_pages, "filter_in_process", here)
        yield


@pytest.fixture
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test has its own settings, memory and runs."""
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
