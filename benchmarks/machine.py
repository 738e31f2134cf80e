"""What the figures were taken on: the machine, and the version of everything that ran."""

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from logcorr.compute import kernels

PACKAGES = ("logcorr", "polars", "duckdb", "chdb", "chdb-core")
_VERSION = ("--version",)
COMMANDS = {
    "mlr": _VERSION, "sort": _VERSION, "awk": ("-W", "version"), "zcat": _VERSION, "lnav": _VERSION,
    "goaccess": _VERSION,
}  # fmt: skip


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def memory() -> int:
    """Bytes of memory of the machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def machine() -> dict[str, object]:
    """CPU model, cores, bytes of memory, kernel."""
    models = re.findall(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    kernel = f"{platform.system()} {platform.release()}"
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": cores(),
        "memory": memory(),
        "kernel": kernel,
    }


def versions() -> dict[str, str]:
    """Name → version of what is installed here."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    if "logcorr" in found and kernels.loaded():
        found["logcorr"] += " with its compiled kernels"
    for command, words in COMMANDS.items():
        if shutil.which(command):
            told = subprocess.run([command, *words], capture_output=True, text=True, check=False, timeout=20)
            found[command] = (told.stdout + told.stderr).strip().partition("\n")[0].rstrip(".")
    return found
