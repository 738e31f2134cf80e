"""The page of the settings names each id that a key can be set by, as `make docs` writes it."""

import importlib.util

from tests.support.helpers import ROOT


def test_the_page_names_every_id() -> None:
    spec = importlib.util.spec_from_file_location("generate_settings", ROOT / "docs" / "generate_settings.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.PAGE.read_text(encoding="utf8") == generate.page(), "run make docs"
    assert "| `app.quit` | `q` |" in generate.table()
