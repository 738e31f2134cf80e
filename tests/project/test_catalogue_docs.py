"""docs/catalogue.md names every built-in profile, and says of each what to switch on and what is not in the log."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_catalogue", ROOT / "docs" / "generate_catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_up_to_date(generator: ModuleType) -> None:
    document = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    assert generator.written(document) == document, "docs/catalogue.md lags behind the catalogue: run `make docs`"


def test_every_profile_says_what_to_switch_on(generator: ModuleType) -> None:
    document = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    rows = generator.by_hand(document)
    assert [name for name, (switch_on, _) in rows.items() if switch_on == "-"] == []
