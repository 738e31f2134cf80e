"""The documents keep up with the code: the reference of the command, the README's commands, the version."""

import importlib.util
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import click
import pytest

from logcorr import __version__
from logcorr.cli import main
from logcorr.formats import profile_toml
from logcorr_tui.main import _parser as app_parser

ROOT = Path(__file__).parents[2]


def script(name: str) -> ModuleType:
    """A script of the folder docs, loaded."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return script("generate_cli")


@pytest.fixture
def man(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    return script("generate_man")


def test_the_reference_is_up_to_date(generator: ModuleType) -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == generator.reference(), "docs/cli.md lags behind the command: run `make docs`"


def needs_click_of(man: ModuleType) -> None:
    """Skips a test of what another version of click wrote: versions differ in usage lines and in scripts."""
    made_by = (man.SHARE / man.SCRIPTS["bash"]).read_text(encoding="utf-8").rstrip().rpartition(" ")[2].rstrip(".")
    if made_by != version("click"):
        pytest.skip(f"written by click {made_by}, and click {version('click')} is here")


def test_the_man_page_is_up_to_date(man: ModuleType) -> None:
    needs_click_of(man)
    written = (man.SHARE / man.MAN).read_text(encoding="utf-8")
    assert written == man.man_page(), "the man page lags behind the command: run `make docs`"


def test_the_man_page_holds_every_command_and_option(generator: ModuleType, man: ModuleType) -> None:
    page = man.man_page()
    for path, command in generator.walk(main, "logcorr"):
        assert path == "logcorr" or f'.SS "{man.escaped(path)} ' in page
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert man.escaped(option.opts[-1]) in page, f"{path} {option.opts[-1]}"


def test_no_text_of_a_help_is_a_command_of_roff(man: ModuleType) -> None:
    command = click.Command(
        "it", help="\\b\n.so /etc/passwd\n'x' \\n(yr\n\n\b\n.ab stop", params=[click.Option(["--x"], help=".ig")]
    )
    shown = "".join([*man.prose(command.help), *man.options(command, "it")])
    known = (".PP", ".nf", ".fi", ".TP", ".B ")
    assert [line for line in shown.splitlines() if line.startswith((".", "'")) and not line.startswith(known)] == []
    assert r"\e" in shown
    assert not re.search(r"\\(?![&e(\-])", shown)


def test_mandoc_finds_no_fault_in_the_man_page(man: ModuleType) -> None:
    mandoc = shutil.which("mandoc")
    if mandoc is None:
        pytest.skip("there is no mandoc here")
    done = subprocess.run(
        [mandoc, "-T", "lint", "-W", "warning", man.SHARE / man.MAN], capture_output=True, text=True, check=False
    )
    assert [line for line in done.stdout.splitlines() if "missing date" not in line] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_scripts_of_completion_are_those_of_click(man: ModuleType, shell: str) -> None:
    written = (man.SHARE / man.SCRIPTS[shell]).read_text(encoding="utf-8")
    needs_click_of(man)
    assert written == man.script(shell), "the scripts of completion lag behind click: run `make docs`"


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
