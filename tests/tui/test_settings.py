"""Settings and state files of any content: passed over with a word, never a crash."""

from pathlib import Path

import pytest

from logcorr_tui.state import remembered, settings


@pytest.mark.parametrize("text", ["x = " + "[" * 5000 + "]" * 5000, "keys = " + "{a=" * 5000])
def test_a_config_nested_too_deeply_is_passed_over(text: str, tmp_path: Path) -> None:
    path = tmp_path / "tui.toml"
    path.write_text(text)
    found, problem = settings.load_settings(path)
    assert found == settings.Settings()
    assert problem is not None
    assert "nested" in problem


def test_a_memory_nested_too_deeply_is_none(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"theme":' + "[" * 100_000)
    assert remembered.load_remembered(path) == remembered.Remembered()
