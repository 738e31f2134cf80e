"""The documents keep up with the code: the reference of the command, the README's commands, the version."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import click
import pytest

from logcorr import __version__
from logcorr.cli import main
from logcorr.formats import profile_toml
from logcorr_tui.main import _parser as app_parser

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_cli", ROOT / "docs" / "generate_cli.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date(generator: ModuleType) -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == generator.reference(), "docs/cli.md lags behind the command: run `make docs`"


def test_every_command_and_option_says_what_it_does(generator: ModuleType) -> None:
    for path, command in generator.walk(main, "logcorr"):
        assert command.help, f"{path} has no help"
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert option.help, f"{path} {option.opts[0]} has no help"


def test_the_readme_names_only_options_that_are_there(generator: ModuleType) -> None:
    options = {"--help", "--version"}
    for _, command in generator.walk(main, "logcorr"):
        options |= {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    options |= {name for action in app_parser()._actions for name in action.option_strings}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", readme))
    assert named - options == set()


def test_the_version_stands_in_the_project_file() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{__version__}"' in text


def test_the_formats_in_the_documents_are_sound() -> None:
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        assert profile_toml.read(block, "formats.md")


def test_every_key_of_a_profile_is_described() -> None:
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    profile, rule = text.split("## Keys of a rule")
    described = [{*re.findall(r"`(?:\[\[NAME\.)?([a-z_]+)(?:\]\])?`", part)} for part in (profile, rule)]
    assert {*profile_toml.PROFILE_KEYS} <= described[0]
    assert {*profile_toml.RULE_KEYS} <= described[1]
