"""Opens a finished run: checks that it is whole, reads its report, and checks whether its inputs have changed."""

from dataclasses import dataclass
from typing import cast

from logcorr.cluster.sources import input_file
from logcorr.compute.object_path import AnyPath
from logcorr.inputs.files import fingerprint
from logcorr.model.access_report import RunReport
from logcorr.model.errors import InputError, StoreError
from logcorr.model.ledger import Log
from logcorr.model.manifest import Manifest
from logcorr.runs.run_folder import RunFolder
from logcorr_tui.state.session import Logs


@dataclass(frozen=True)
class OpenedRun:
    """A finished run with its manifest and report."""

    run: RunFolder
    manifest: Manifest
    report: RunReport
    views: tuple[str, ...]

    @property
    def logs(self) -> Logs:
        """The logs of the run, as the user named them."""
        files = {side: tuple(names) for side, names in self.manifest.files.items()}
        return Logs("access" if self.manifest.kind == "access" else "correlation", files)


def open_run(path: AnyPath) -> OpenedRun:
    """The run in this folder. Raises InputError where the run is not whole."""
    from logcorr.runs import views

    run = RunFolder(path)
    run.hold()
    run.check()
    manifest = run.manifest
    return OpenedRun(run, manifest, run.report, views.views_of(manifest))


def changed_inputs(manifest: Manifest) -> list[str]:
    """The input files that are gone or have changed since the run, as the user named them."""
    found = []
    for side, names in manifest.files.items():
        for name, was in zip(names, manifest.inputs[side], strict=True):
            try:
                same = fingerprint(input_file(cast("Log", side), was.path)) == was
            except (InputError, StoreError):
                same = False
            if not same:
                found.append(name)
    return found
