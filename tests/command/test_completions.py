"""Shell completion: what is offered after each word, and that the scripts which the wheel installs work in real shells."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from logcorr.cli import main
from tests.command.test_start import loaded
from tests.support.helpers import ROOT, SAMPLE, succeed

SHARE = ROOT / "assets" / "share"
SCRIPTS = {
    "bash": SHARE / "bash-completion/completions/logcorr",
    "zsh": SHARE / "zsh/site-functions/_logcorr",
    "fish": SHARE / "fish/vendor_completions.d/logcorr.fish",
}
# Loads a script and asks what it offers for an empty word after {words}. zsh offers only in its line editor: what the
# script would tell it is printed instead.
ASK = {
    "bash": """
        . {script}
        COMP_WORDS=({words} ""); COMP_CWORD={count}
        _logcorr_completion logcorr
        printf "%s\\n" "${{COMPREPLY[@]}}"
        """,
    "zsh": """
        compdef() {{ }}
        _describe() {{ print -l -- ${{(P)3}} }}
        compadd() {{ print -l -- ${{(P)argv[-1]}} }}
        . {script}
        words=({words} ""); CURRENT=$(({count} + 1))
        _logcorr_completion
        """,
    "fish": """
        source {script}
        complete -C "{words} "
        """,
}
OPTIONS = {"bash": "--norc", "zsh": "-f", "fish": "--no-config"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a command `logcorr`, two runs in `runs`, and a file of formats."""
    folder = tmp_path_factory.mktemp("here")
    shim = folder / "bin" / "logcorr"
    shim.parent.mkdir()
    shim.write_text(
        f'#!{sys.executable}\nimport sys\nsys.argv[0] = "logcorr"\nfrom logcorr.__main__ import main\nmain()\n'
    )
    shim.chmod(0o755)
    logs = (SAMPLE / "requests.log", SAMPLE / "responses.log")
    succeed("correlate", *logs, "--store", "runs", cwd=folder)
    succeed("correlate", *logs, "--store", "runs", "--pairing", "first", cwd=folder)
    (folder / "own.toml").write_text(
        '[shop-own]\nsyntax = "json"\ntime = { field = "ts", form = "epoch_ms" }\n'
        '[[shop-own.rule]]\nevent = "exchange"\nstatus = "code"\n'
    )
    return folder


def in_own_process(*words: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core"), **env}
    return subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False)


def offered(folder: Path, *words: str) -> list[tuple[str, str]]:
    """The kinds and values that logcorr offers for the last word."""
    asked = {"COMP_WORDS": " ".join(("logcorr", *words)), "COMP_CWORD": str(len(words))}
    done = in_own_process(folder / "bin" / "logcorr", cwd=folder, _LOGCORR_COMPLETE="bash_complete", **asked)
    assert (done.returncode, done.stderr) == (0, "")
    return [(kind, value) for kind, _, value in (line.partition(",") for line in done.stdout.splitlines() if line)]


def keys(folder: Path) -> list[str]:
    """The runs of the folder, newest first."""
    manifests = sorted((folder / "runs").glob("*/manifest.json"), key=lambda path: -path.stat().st_mtime_ns)
    return [path.parent.name for path in manifests]


@pytest.mark.parametrize("command", [("runs", "show"), ("runs", "remove"), ("export",), ("diff",)])
def test_runs_are_offered(here: Path, command: tuple[str, ...]) -> None:
    names = keys(here)
    assert len(names) == 2
    store = ("--store", "runs")
    assert offered(here, *command, *store, "") == [("plain", name) for name in names]
    assert offered(here, *command, *store, names[0][:5]) == [("plain", names[0])]
    assert offered(here, *command, *store, "./ru") == [("dir", "./ru")]
    assert offered(here, *command, "--store", "none-here", "") == []


def test_a_run_that_is_named_is_not_offered_again(here: Path) -> None:
    first, second = keys(here)
    assert offered(here, "diff", "--store", "runs", first, "") == [("plain", second)]


def test_names_that_a_shell_would_expand_are_not_offered(here: Path, tmp_path: Path) -> None:
    shutil.copytree(here / "bin", tmp_path / "bin")
    for name in ("a run", "$(date)", "*", "sound"):
        shutil.copytree(here / "runs" / keys(here)[0], tmp_path / "runs" / name)
    assert offered(tmp_path, "export", "--store", "runs", "") == [("plain", "sound")]


def test_a_damaged_run_is_offered_without_its_logs(here: Path, tmp_path: Path) -> None:
    (tmp_path / "runs" / "damaged").mkdir(parents=True)
    (tmp_path / "runs" / "damaged" / "manifest.json").write_text("{")
    shutil.copytree(here / "bin", tmp_path / "bin")
    assert offered(tmp_path, "export", "--store", "runs", "") == [("plain", "damaged")]


@pytest.mark.parametrize(
    "words",
    [
        ("analyze", "--format"),
        ("correlate", "--format"),
        ("correlate", "--requests-format"),
        ("correlate", "--responses-format"),
        ("formats", "show"),
        ("formats", "test"),
    ],
)
def test_formats_are_offered(here: Path, words: tuple[str, ...]) -> None:
    assert offered(here, *words, "fast") == [("plain", "fastify")]
    assert len(offered(here, *words, "")) > 70


def test_formats_of_a_file_are_offered(here: Path, tmp_path: Path) -> None:
    assert offered(here, "analyze", "--formats", "own.toml", "--format", "shop") == [("plain", "shop-own")]
    broken = tmp_path / "broken.toml"
    broken.write_text("[")
    assert offered(here, "analyze", "--formats", str(broken), "--format", "shop") == []


def test_commands_options_views_and_files_are_offered(here: Path) -> None:
    assert ("plain", "correlate") in offered(here, "")
    assert offered(here, "tel") == []  # it is hidden
    assert offered(here, "correlate", "--max-d") == [("plain", "--max-duration")]
    assert {("plain", "slow"), ("plain", "orphans")} <= {*offered(here, "export", "abc", "--view", "")}
    assert offered(here, "correlate", "req") == [("file", "req")]


@pytest.mark.skipif(os.name == "nt", reason="no file there can have such a name")
def test_the_name_of_a_log_cannot_be_an_offer_or_a_control_character(here: Path, tmp_path: Path) -> None:
    shutil.copytree(here / "bin", tmp_path / "bin")
    logs = [tmp_path / f"a\nplain\nrm -rf\n_\x1b[31m{side}.log" for side in ("requests", "responses")]
    for log, name in zip(logs, ("requests.log", "responses.log"), strict=True):
        shutil.copy(SAMPLE / name, log)
    succeed("correlate", *logs, "--store", "runs", cwd=tmp_path)
    asked = {"COMP_WORDS": "logcorr export --store runs ", "COMP_CWORD": "4", "_LOGCORR_COMPLETE": "zsh_complete"}
    done = in_own_process(tmp_path / "bin" / "logcorr", cwd=tmp_path, **asked)
    kind, name, logs_of_it = done.stdout.splitlines()
    assert (kind, name) == ("plain", keys(tmp_path)[0])
    assert "requests.log" in logs_of_it
    assert "\x1b" not in done.stdout


def test_completion_loads_no_engine(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in ("export --store runs ''", "analyze --format fast", "correlate --max"):
        monkeypatch.setenv("_LOGCORR_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", f"logcorr {words}")
        monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
        names = loaded(here)
        assert "logcorr.cli" in names
        assert not names & {"polars", "numpy", "rich", "plotext", "psutil", "textual", "logcorr.jobs"}


def test_every_argument_and_option_that_names_a_run_or_a_format_is_completed() -> None:
    from logcorr.commands.completions import format_names, run_names

    asked = {"run": run_names, "run_": run_names, "before": run_names, "after": run_names, "form": format_names}
    missing = []
    for name, command in main.commands.items():
        below = [command, *getattr(command, "commands", {}).values()]
        for parameter in (parameter for one in below for parameter in one.params):
            wanted = asked.get(parameter.name or "")
            if wanted and parameter._custom_shell_complete is not wanted:
                missing.append(f"{name}: {parameter.name} needs shell_complete={wanted.__name__}")
    assert missing == []


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_script_works_in_its_shell(here: Path, shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell} here")
    asked = {
        "logcorr export --store runs": keys(here),
        "logcorr formats": ["list", "new", "show", "test"],
    }
    path = f"{here / 'bin'}{os.pathsep}{os.environ['PATH']}"
    for words, wanted in asked.items():
        text = ASK[shell].format(script=SCRIPTS[shell], words=words, count=len(words.split()))
        done = in_own_process(shell, OPTIONS[shell], "-c", text, cwd=here, PATH=path)
        assert done.stderr == ""
        shown = [re.split("[\t:]", line)[0] for line in done.stdout.splitlines()]
        assert sorted(shown) == sorted(wanted)
