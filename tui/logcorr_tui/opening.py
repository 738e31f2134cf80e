"""Opening a finished run: is it whole, what does it report, and are its inputs still the same files?"""

from dataclasses import dataclass
from pathlib import Path

from logcorr import inputs
from logcorr.errors import InputError
from logcorr.model import SIDES, Manifest, Report
from logcorr.store import RunFolder


@dataclass(frozen=True)
class Opened:
    """A finished run with its manifest and report."""

    run: RunFolder
    manifest: Manifest
    report: Report


def open_run(path: Path) -> Opened:
    """The run in this folder. Raises InputError where it is not whole."""
    run = RunFolder(path)
    run.check()
    report = run.report
    if not isinstance(report, Report):
        message = f"run {path.name}: of an access log, not shown here yet. See `logcorr runs show`."
        raise InputError(message)
    return Opened(run, run.manifest, report)


def changed_inputs(manifest: Manifest) -> list[str]:
    """The input files that are gone or differ from what the run read, as the user named them."""
    found = []
    for side in SIDES:
        for name, was in zip(manifest.files[side], manifest.inputs[side], strict=True):
            try:
                files = inputs.resolve(side, (was.path,))
                same = len(files) == 1 and inputs.fingerprint(files[0]) == was
            except InputError:
                same = False
            if not same:
                found.append(name)
    return found
