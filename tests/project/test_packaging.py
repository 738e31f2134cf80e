"""The wheel, built and installed alone, works, with compiled kernels or without; the headless command stays light; `core`
is no import name.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from logcorr import __version__

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "assets" / "sample"
MATCHED = 50
ORPHANS = {
    "request": {"repeated_id": 1, "in_flight": 2, "lost": 2},
    "response": {"repeated_id": 1, "before_start": 2, "lost": 1},
}
MALFORMED = {
    "requests": {"encoding": 1, "fields": 1, "timestamp": 2, "request_id": 1},
    "responses": {"encoding": 1, "fields": 1, "timestamp": 1, "request_id": 1, "status_code": 1},
}
# Refuses textual wherever an import of it comes from, and tells what else was loaded.
PROBE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "textual":
            raise AssertionError("textual was imported")
sys.meta_path.insert(0, Refuse())
sys.argv[:] = ["logcorr", *sys.argv[1:]]
from logcorr.cli import main
try:
    main()
finally:
    names = {name.partition(".")[0] for name in sys.modules}
    print("loaded:", *sorted(names & {"filelock", "jinja2", "plotext", "polars", "psutil", "rich", "textual"}), file=sys.stderr)
"""


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME"}} | env
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120)


def build(kind: str, folder: Path, **env: str) -> tuple[Path, str]:
    """A wheel or sdist of this tree, and what was said when it was built."""
    built = run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", folder, cwd=ROOT, **env)
    assert built.returncode == 0, built.stderr
    (path,) = folder.iterdir()
    return path, built.stdout + built.stderr


def kernels_in(wheel: Path) -> list[str]:
    """The shared libraries in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if name.endswith((".so", ".pyd"))]


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What compiles for this Python; a test that needs it is skipped where that, or what it needs, is not there."""
    source = tmp_path_factory.mktemp("compiler") / "probe.c"
    source.write_text("#include <Python.h>\n")
    command = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]} here")
    words = [*command, "-fsyntax-only", f"-I{sysconfig.get_path('include')}", str(source)]
    if subprocess.run(words, capture_output=True, check=False, timeout=60).returncode:
        pytest.skip("there are no headers of Python or of the C library here")
    return command[0]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As this machine builds it."""
    return build("wheel", tmp_path_factory.mktemp("wheel"), LOGCORR_KERNELS="")[0]


@pytest.fixture(scope="session")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel in it and everything of this one but logcorr itself, with no way to the sources.

    The packages are linked one by one: a whole site-packages would bring the .pth of the editable install.
    """
    folder = tmp_path_factory.mktemp("alone") / "venv"
    venv.create(folder, symlinks=os.name != "nt")
    binary = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    scheme = "nt" if os.name == "nt" else "posix_prefix"
    paths = sysconfig.get_paths(scheme, {"base": str(folder), "platbase": str(folder)})
    site = Path(paths["purelib"])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)  # noqa: S202 - of our own making
    for other in dict.fromkeys(sysconfig.get_paths()[key] for key in ("purelib", "platlib")):
        for entry in Path(other).iterdir():
            mine = entry.name.startswith(("logcorr", "_editable_impl_logcorr")) or entry.suffix in {".pth", ".egg-link"}
            if not mine and entry.name != "__pycache__" and not (site / entry.name).exists():
                _link(entry, site / entry.name)
    return binary


def _link(entry: Path, place: Path) -> None:
    try:
        place.symlink_to(entry)
    except OSError:  # Windows without the right to link
        (shutil.copytree if entry.is_dir() else shutil.copy2)(entry, place)


def test_the_wheel_holds_both_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"logcorr", "logcorr_tui", f"logcorr-{__version__}.dist-info", f"logcorr-{__version__}.data"}
    assert {"logcorr/py.typed", "logcorr_tui/py.typed", "logcorr/cli.py", "logcorr/commands/correlate.py"} <= set(names)
    assert {f"logcorr_tui/web/page/page.{kind}" for kind in ("html", "css", "js")} <= set(names)
    page = {f"assets/{name}" for name in ("page.css", "page.js", "charts.js")}
    page |= {f"templates/{name}.html" for name in ("page", "panels")}
    page |= {f"vendor/{name}" for name in ("uPlot.iife.min.js", "uPlot.min.css", "LICENSE", "README.md")}
    assert {f"logcorr/render/html/{name}" for name in page} <= set(names)
    assert f"logcorr-{__version__}.dist-info/licenses/LICENSE" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_this_python_takes_the_wheel(wheel: Path) -> None:
    name, version, _, tags = parse_wheel_filename(wheel.name)
    assert (name, str(version)) == ("logcorr", __version__)
    assert tags & set(sys_tags())
    (tag,) = tags
    assert (tag.interpreter, tag.abi) == (("cp311", "abi3") if kernels_in(wheel) else ("py3", "none"))
    with zipfile.ZipFile(wheel) as archive:
        about = archive.read(f"logcorr-{__version__}.dist-info/WHEEL").decode()
    assert f"Tag: {tag}\n" in about
    assert ("Root-Is-Purelib: true" in about) == (not kernels_in(wheel))


@pytest.mark.usefixtures("compiler")
def test_kernels_are_built_where_there_is_a_compiler(wheel: Path, python: Path, tmp_path: Path) -> None:
    (kernels,) = kernels_in(wheel)
    assert Path(kernels).parent == Path("logcorr")
    ask = "from logcorr.compute.kernels import compiled; print(compiled and compiled.__file__)"
    installed = run(python, "-c", ask, cwd=tmp_path, LOGCORR_KERNELS="").stdout.strip()
    assert Path(installed).parts[-2:] == Path(kernels).parts
    assert str(python.parent.parent) in installed
    assert run(python, "-c", ask, cwd=tmp_path, LOGCORR_KERNELS="off").stdout == "None\n"


@pytest.mark.parametrize(
    ("env", "warnings"),
    [({"CC": "no-such-compiler", "LOGCORR_KERNELS": ""}, 1), ({"LOGCORR_KERNELS": "off"}, 0)],
    ids=["no compiler", "off"],
)
@pytest.mark.skipif(os.name == "nt", reason="compilers are not found by CC there")
def test_the_wheel_is_pure_without_kernels(tmp_path: Path, env: dict[str, str], warnings: int) -> None:
    pure, said = build("wheel", tmp_path, **env)
    assert pure.name == f"logcorr-{__version__}-py3-none-any.whl"
    assert kernels_in(pure) == []
    assert said.count("the C kernels were not built") == warnings


def test_the_sources_hold_all_that_a_wheel_is_built_of(tmp_path: Path) -> None:
    path, _ = build("sdist", tmp_path)
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    given = {f"core/kernels/{file.name}" for file in (ROOT / "core" / "kernels").iterdir() if file.is_file()}
    assert {"core/kernels/build_hook.py", "core/kernels/kernels.h", "core/kernels/module.c"} <= given <= names
    assert not [name for name in names if name.endswith((".so", ".pyd", ".pyc"))]


def test_the_wheel_alone_correlates(python: Path, tmp_path: Path) -> None:
    where = run(python, "-c", "import logcorr; print(logcorr.__file__)", cwd=tmp_path)
    assert str(python.parent.parent) in where.stdout, where.stderr
    command: list[str | Path] = [
        python,
        "-m",
        "logcorr",
        "correlate",
        SAMPLE / "requests.log",
        SAMPLE / "responses.log",
    ]
    shown = run(*command, cwd=tmp_path, COLUMNS="100")
    assert shown.returncode == 0, shown.stderr
    assert "complete" in shown.stdout
    assert "\x1b" not in shown.stdout
    report = tmp_path / "report.json"
    done = run(*command, "-o", "-", "--report", report, "--no-store", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(records) == MATCHED
    assert {"request_id": "req-2d9e14", "user_id": "erin", "status_code": 200, "duration_ms": 222} in records
    figures = json.loads(report.read_text())
    assert figures["orphans"] == ORPHANS
    assert {side: figures["inputs"][side]["malformed"] for side in ("requests", "responses")} == MALFORMED
    assert figures["skew"]["negative"] == 1


@pytest.mark.parametrize("arguments", [("correlate", "requests.log", "responses.log"), ("runs", "list"), ("--help",)])
def test_the_command_never_loads_textual(python: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    shutil.copytree(SAMPLE, tmp_path, dirs_exist_ok=True)
    result = run(python, "-c", PROBE, *arguments, cwd=tmp_path)
    assert "textual" not in result.stderr
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("correlate", "--help")])
def test_help_loads_nothing_heavy(python: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run(python, "-c", PROBE, *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stderr.strip() == "loaded:"


@pytest.mark.parametrize("name", ["core", "tui"])
def test_the_source_roots_are_no_import_names(python: Path, tmp_path: Path, name: str) -> None:
    result = run(python, "-c", f"import {name}", cwd=tmp_path)
    assert result.returncode == 1
    assert f"No module named '{name}'" in result.stderr


def test_all_dependencies_are_declared() -> None:
    """Everything that the sources import comes with the wheel's own requirements."""
    declared = next((d.requires or [] for d in distributions() if d.name == "logcorr"), None)
    if declared is None:
        pytest.skip("logcorr is not installed here, only on the path")
    runtime = {re.split(r"[<>=!~; ]", text)[0].replace("-", ".") for text in declared if "extra ==" not in text}
    tools = {"backports.zstd", "click", "filelock", "msgspec", "platformdirs", "plotext", "psutil", "rich", "textual"}
    assert runtime == tools | {"isal", "jinja2", "nanoarrow", "numpy", "polars"}
