"""Logs that tests of the Python API share."""

from pathlib import Path

import pytest

from tests.support.helpers import generated

LINE = '192.0.2.{n} - - [04/Mar/2026:05:06:{n:02} +0000] "GET /{page} HTTP/1.1" {status} 5 "-" "curl" 0.0{n:02}\n'


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with requests.log and responses.log of 2,000 requests, with orphans, repeats and malformed lines."""
    folder = tmp_path_factory.mktemp("pair")
    generated(folder, 2_000, seed=7)
    return folder


@pytest.fixture(scope="session")
def access(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An access log of 50 lines, ten of them failures, and a malformed one."""
    path = tmp_path_factory.mktemp("access") / "access.log"
    lines = [LINE.format(n=n, page=("cart", "search")[n % 2], status=(200, 503)[n % 5 == 0]) for n in range(1, 51)]
    path.write_text("".join(lines) + "no line of a log\n")
    return path
