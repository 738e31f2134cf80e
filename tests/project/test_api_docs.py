"""The page on the Python API keeps up with the code: its examples run as they stand, its tables name what there is."""

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

import logcorr
from logcorr import errors
from logcorr.api.values import CorrelateKeywords, ReadingKeywords
from logcorr.generate.pair.scenario import PairOptions
from logcorr.generate.pair.write_pair import generate_pair
from logcorr.model.options import View

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
LINE = '192.0.2.{ip} - - [04/Mar/2026:05:{m:02}:{s:02} +0000] "GET /{page} HTTP/1.1" {status} 5 "-" "curl" 0.{ms:03}\n'
APP = (
    '{"at":"2026-03-04T05:06:07Z","rid":"a","ev":"begin"}\n'
    '{"at":"2026-03-04T05:06:08Z","rid":"a","ev":"end","code":200}\n'
)


def access_log(failed: int) -> str:
    """Lines of an access log, of which `failed` in a hundred are failures, which take longer."""
    return "".join(
        LINE.format(
            ip=n % 200 + 1,
            m=n // 60 % 60,
            s=n % 60,
            page=("cart", "search", "item/7")[n % 3],
            status=503 if n * 37 % 100 < failed else 200,
            ms=n * 13 % 90 + (500 if n * 37 % 100 < failed else 1),
        )
        for n in range(2_000)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The working folder of the examples, with the logs that they name."""
    path = tmp_path_factory.mktemp("examples")
    generate_pair(PairOptions(directory=str(path), rows=2_000, incident=True))
    (path / "app.ndjson").write_text(APP)
    for name, failed in (("access", 5), ("before", 2), ("after", 30)):
        (path / f"{name}.log").write_text(access_log(failed))
    with contextlib.chdir(path):
        yield path


@pytest.fixture(scope="module")
def names(folder: Path) -> dict[str, Any]:
    """What the examples have defined after the last of them; one goes on where the one before ended."""
    assert len(BLOCKS) >= 9
    assert Path.cwd() == folder
    space: dict[str, Any] = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for number, block in enumerate(BLOCKS, 1):
            exec(compile(block, f"docs/api.md, example {number}", "exec"), space)  # noqa: S102 - that is the test
    return {**space, "said": said.getvalue()}


def test_the_examples_show_what_they_say(names: dict[str, Any], folder: Path) -> None:
    said: list[str] = names["said"].splitlines()
    assert said[0].startswith("<logcorr.Run correlation: ")
    assert re.fullmatch(r"[0-9.]+ ms", said[1])
    assert re.fullmatch(r"[1-9][0-9]* requests never got an answer", said[2])
    assert any(re.fullmatch(r"/cart 667 [0-9.]+% [0-9.]+ ms", line) for line in said), said
    assert any(re.fullmatch(r"error_rate 0\.0[0-9]+ -> 0\.[23][0-9]*", line) for line in said), said
    assert said[-1] == "access log 'no-such.log': no such file. Check the path. 2"
    assert 0 < names["slow_users"].height <= 10
    assert names["lost"].height > 0
    assert names["failed"]["status_code"].unique().to_list() == [503]
    assert {*names["errors_by_endpoint"]["endpoint"]} == {"/cart", "/item/7", "/search"}
    assert isinstance(names["run"], logcorr.Run), "the one that could be cancelled was not"
    assert {"failed.csv", "endpoints.parquet", "runs"} <= {path.name for path in folder.iterdir()}


def rows_of(heading: str) -> dict[str, list[str]]:
    """The table below a heading: its further cells by the first one."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")
    ]
    return {first: rest for first, *rest in cells[2:]}


@pytest.mark.usefixtures("names")
def test_the_columns_of_each_view_are_described() -> None:
    described = {first: re.findall(r"`(\w+)`", rest[-1]) for first, rest in rows_of("Views are lazy frames").items()}
    of_kind = {
        "correlation": described.pop("`exchanges` of two logs"),
        "access": described.pop("`exchanges` of an access log"),
    }
    columns = {name: cells for first, cells in described.items() for name in re.findall(r"`(\w+)`", first)}
    for run in (logcorr.correlate("requests.log", "responses.log"), logcorr.analyze("access.log")):
        own: dict[str, list[str]] = {**columns, "exchanges": of_kind[run.kind]}
        for view in run.views:
            expected = own[own[view][0]] if len(own[view]) == 1 else own[view]
            assert run.view(view).collect_schema().names() == expected, view
    assert {*columns, "exchanges"} == {*get_args(View)}


def test_every_option_is_described() -> None:
    described = {name for first in rows_of("Options") for name in re.findall(r"`(\w+)`", first)}
    assert described == {*CorrelateKeywords.__annotations__, *ReadingKeywords.__annotations__}


def test_every_error_is_described_with_its_exit_code() -> None:
    described = {first.strip("`"): int(rest[-1]) for first, rest in rows_of("Errors").items()}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.LogcorrError)]
    assert described == {kind.__name__: kind.exit_code for kind in kinds}
