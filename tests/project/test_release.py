"""What is released: the same bytes from each build, a wheel with completion and man page, the image, the workflow."""

import fnmatch
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from logcorr import __version__
from tests.support.helpers import ROOT

SHARE = f"logcorr-{__version__}.data/data/share"
EPOCH = "1700000000"


def build(kind: str, tree: Path, folder: Path, **env: str) -> Path:
    """A wheel or sdist of a tree. No compiler: with kernels a wheel is built in `test_packaging`."""
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONHOME"}}
    words = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    built = subprocess.run(
        words, cwd=tree, env=environment | env, capture_output=True, text=True, check=False, timeout=300
    )
    assert built.returncode == 0, built.stderr
    (path,) = folder.iterdir()
    return path


def copy_of_sources(folder: Path) -> Path:
    """The tree as a checkout has it: without what git ignores, which a build must not look at either."""
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.so", "*.pyd", ".data", "build", "dist", "site", "out")
    shutil.copytree(ROOT, folder, ignore=ignored)
    shutil.copy(ROOT / ".gitignore", folder)
    for name in (".github", ".dockerignore"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two copies of the sources that differ in all that must not matter: path, times, and rights of the group."""
    folder = tmp_path_factory.mktemp("trees")
    one, other = copy_of_sources(folder / "one"), copy_of_sources(folder / "other folder")
    for path in other.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
        path.chmod(path.stat().st_mode & ~(stat.S_IRWXG | stat.S_IRWXO))
    return one, other


@pytest.mark.parametrize(
    ("kind", "kernels"), [("sdist", "off"), ("wheel", "off"), pytest.param("wheel", "", marks=pytest.mark.long)]
)
def test_two_builds_have_the_same_bytes(trees: tuple[Path, Path], tmp_path: Path, kind: str, kernels: str) -> None:
    made = [build(kind, tree, tmp_path / tree.name, SOURCE_DATE_EPOCH=EPOCH, LOGCORR_KERNELS=kernels) for tree in trees]
    assert made[0].name == made[1].name
    assert made[0].read_bytes() == made[1].read_bytes()


def test_the_date_of_a_build_is_the_one_that_is_given(trees: tuple[Path, Path], tmp_path: Path) -> None:
    wheel = build("wheel", trees[0], tmp_path, SOURCE_DATE_EPOCH=EPOCH, LOGCORR_KERNELS="off")
    with zipfile.ZipFile(wheel) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}


def test_the_wheel_installs_completion_and_the_man_page(trees: tuple[Path, Path], tmp_path: Path) -> None:
    wheel = build("wheel", trees[0], tmp_path, LOGCORR_KERNELS="off")
    with zipfile.ZipFile(wheel) as archive:
        shared = {name: archive.read(name) for name in archive.namelist() if ".data/" in name}
    files = {
        "bash-completion/completions/logcorr",
        "fish/vendor_completions.d/logcorr.fish",
        "man/man1/logcorr.1",
        "zsh/site-functions/_logcorr",
    }
    assert shared == {f"{SHARE}/{name}": (ROOT / "assets" / "share" / name).read_bytes() for name in files}


def instructions() -> list[list[str]]:
    """The instructions of the Dockerfile, a list of words each."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text())
    return [shlex.split(line) for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def test_the_image_is_built_of_all_that_the_wheel_needs(trees: tuple[Path, Path], tmp_path: Path) -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    sent = [line[1:] for line in ignore if line.startswith("!")]
    source, rest = tmp_path / "src", tmp_path / "rest"
    source.mkdir()
    for name, *words in instructions():
        if name == "COPY" and not words[0].startswith("--"):
            for what in words[:-1]:
                assert what in sent, f"{what} is copied, and .dockerignore keeps it back"
                target = source / words[-1] / ("" if (ROOT / what).is_dir() else what)
                shutil.copytree(trees[0] / what, target) if (ROOT / what).is_dir() else shutil.copy(ROOT / what, target)
    wheel = build("wheel", source, tmp_path / "made", SOURCE_DATE_EPOCH=EPOCH, LOGCORR_KERNELS="off")
    whole = build("wheel", trees[0], rest, SOURCE_DATE_EPOCH=EPOCH, LOGCORR_KERNELS="off")
    assert wheel.read_bytes() == whole.read_bytes()


def test_the_image_runs_as_a_user_and_holds_no_compiler() -> None:
    words = instructions()
    last = words[max(k for k, line in enumerate(words) if line[0] == "FROM") :]
    assert ["USER", "10001"] in last
    assert ["ENTRYPOINT", "[logcorr]"] in last
    assert not [line for line in last if {"gcc", "apt-get", "pip"} & {*line}]
    assert all("slim" in line[1] for line in words if line[0] == "FROM")


def test_nothing_but_a_tag_of_a_version_publishes() -> None:
    text = (ROOT / ".github" / "workflows" / "wheels.yml").read_text()
    starts = text.partition("\non:\n")[2].partition("\n\n")[0]
    assert re.findall(r"(?m)^  (\w+):", starts) == ["workflow_dispatch", "push"]
    (pattern,) = re.findall(r'tags: \["(.*)"\]', starts)
    assert fnmatch.fnmatch("v0.1.0", pattern.replace("+", "*"))
    publish = text.partition("\n  publish:\n")[2]
    assert "github.ref_type == 'tag'" in publish
    assert "environment: pypi" in publish
    assert text.count("id-token: write") == publish.count("id-token: write") == 1
    actions = re.findall(r"uses: (\S+)(.*)", text)
    assert actions
    for action, comment in actions:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), f"{action} is not pinned to a commit"
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)


def test_a_wheel_is_built_for_the_oldest_python_that_is_supported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    oldest = project["project"]["requires-python"].removeprefix(">=").replace(".", "")
    assert project["tool"]["cibuildwheel"]["build"] == f"cp{oldest}-*"
    assert f'_INTERPRETER, _ABI = "cp{oldest}", "abi3"' in (ROOT / "core/kernels/build_hook.py").read_text()
    assert f"Py_LIMITED_API 0x03{int(oldest[1:]):02X}0000" in (ROOT / "core/kernels/kernels.h").read_text()
