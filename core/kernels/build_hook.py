"""Build hook: compiles the kernels if there is a C compiler. Without one it warns, and the wheel is pure Python.

For an editable install the compiled kernels are written into the source tree. A wheel contains them, and nothing is
written into the tree.
"""

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder

_MODULE = "logcorr._kernels"
_SWITCH = "LOGCORR_KERNELS"
_OPTIMISED = ["/O2"] if os.name == "nt" else ["-std=c11", "-O3", "-g0", "-Wall", "-Wextra"]
# The limited API of this version of Python: one file works with it and with all later versions.
_INTERPRETER, _ABI = "cp311", "abi3"


class KernelsHook(BuildHookInterface[Any]):
    """Runs before a wheel is built, also the wheel of an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles the kernels, adds them to the wheel and tags it. If this fails, it warns once."""
        self._made = TemporaryDirectory(prefix="logcorr-kernels-")
        package = Path(self.root, "core", "logcorr")
        kernels = self._compiled()
        if version == "editable":
            try:
                self._replace(package, kernels)
            except OSError as error:
                self._warn(error)
        elif kernels:
            build_data["force_include"][str(kernels)] = f"logcorr/{kernels.name}"
            build_data["pure_python"] = False
            build_data["tag"] = f"{_INTERPRETER}-{_ABI}-{self._platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Removes the compiled file, which is in the wheel now."""
        self._made.cleanup()

    def _compiled(self) -> Path | None:
        if os.environ.get(_SWITCH) == "off":
            return None
        try:
            return _compiled(Path(self.root, "core", "kernels"), Path(self._made.name))
        except Exception as error:  # noqa: BLE001 - logcorr works without kernels, whatever the error
            self._warn(error)
            return None

    def _warn(self, error: Exception) -> None:
        said = " ".join(str(error).split()) or type(error).__name__
        self.app.display_warning(f"the C kernels were not built, logcorr will be slower: {said}")

    def _replace(self, package: Path, kernels: Path | None) -> None:
        """Replaces old kernels by new ones in one step. A process that has loaded the old kernels keeps them."""
        for old in package.glob("_kernels.*"):
            if kernels is None or old.name != kernels.name:
                old.unlink()
        if kernels:
            with TemporaryDirectory(prefix=".kernels-", dir=package) as beside:
                new = shutil.copy(kernels, beside)
                os.replace(new, package / kernels.name)  # noqa: PTH105

    def _platform(self) -> str:
        builder: WheelBuilder = self.build_config.builder
        return builder.get_best_matching_tag().rpartition("-")[2]


def _compiled(sources: Path, folder: Path) -> Path:
    """Compiles all C files into a shared library in `folder`. Raises any error of setuptools."""
    if sys.implementation.name != "cpython":
        raise NotImplementedError("they are for CPython only")
    from setuptools import Distribution, Extension  # noqa: PLC0415 - setuptools may be missing, as the compiler may
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415

    extension = Extension(
        _MODULE,
        sorted(map(str, sources.glob("*.c"))),
        extra_compile_args=_OPTIMISED,
        py_limited_api=True,
    )
    command = build_ext(Distribution({"name": "logcorr", "ext_modules": [extension]}))
    command.build_lib, command.build_temp = str(folder), str(folder / "objects")
    command.ensure_finalized()
    command.run()
    return folder / str(command.get_ext_filename(_MODULE))
