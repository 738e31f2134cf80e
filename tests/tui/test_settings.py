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


def test_settings(tmp_path: Path) -> None:
    path = tmp_path / "tui.toml"
    assert settings.load_settings(path) == (settings.Settings(), None)
    path.write_text('theme = "logcorr-light"\nview = "orphans"\n[keys]\n"app.quit" = "x"\n', encoding="utf8")
    found, problem = settings.load_settings(path)
    assert problem is None
    assert found == settings.Settings(theme="logcorr-light", view="orphans", keys={"app.quit": "x"})


@pytest.mark.parametrize("text", ["theme = ", "theme = 3", "colour = 'red'", "[keys]\nquit = 1", "view = 'nowhere'"])
def test_broken_settings_are_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "tui.toml"
    path.write_text(text, encoding="utf8")
    found, problem = settings.load_settings(path)
    assert problem is not None
    assert str(path) in problem
    assert found.keys == {}


def test_state_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.json"
    assert remembered.load_remembered(path) == remembered.Remembered()
    remembered.save_remembered(path, remembered.Remembered(theme="logcorr-light"))
    assert remembered.load_remembered(path) == remembered.Remembered(theme="logcorr-light")
    assert [file.name for file in path.parent.iterdir()] == ["state.json"]
    # Of an older version, which opened each run where another one was left.
    path.write_bytes(b'{"theme":"logcorr-light","views":{"access":"slow"}}')
    assert remembered.load_remembered(path) == remembered.Remembered(theme="logcorr-light")
    path.write_bytes(b"{")
    assert remembered.load_remembered(path) == remembered.Remembered()
