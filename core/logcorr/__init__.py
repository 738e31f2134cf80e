"""Pairs the request and response logs of a service and accounts for every line.

`correlate`, `analyze`, `open`, `diff` and `scan` are the Python API, described in docs/api.md. Each is loaded when it
is first asked for, so that `import logcorr` loads no engine.
"""

from importlib import import_module

__version__ = "0.1.0"
# As in `typing`, whose import would be most of the time that `import logcorr` takes. Type checkers know the name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from logcorr.api.analyze import analyze
    from logcorr.api.correlate import correlate
    from logcorr.api.diff import diff
    from logcorr.api.open_run import open  # noqa: A004 - the word of the command line
    from logcorr.api.run import Run
    from logcorr.api.scan import scan
    from logcorr.model import errors, events
    from logcorr.model.access_report import AccessReport
    from logcorr.model.diff import Diff
    from logcorr.model.report import Report

__all__ = [
    "AccessReport",
    "Diff",
    "Report",
    "Run",
    "__version__",
    "analyze",
    "correlate",
    "diff",
    "errors",
    "events",
    "open",
    "scan",
]

_HOMES = {
    "AccessReport": "logcorr.model.access_report",
    "Diff": "logcorr.model.diff",
    "Report": "logcorr.model.report",
    "Run": "logcorr.api.run",
    "analyze": "logcorr.api.analyze",
    "correlate": "logcorr.api.correlate",
    "diff": "logcorr.api.diff",
    "open": "logcorr.api.open_run",
    "scan": "logcorr.api.scan",
}
_MODULES = {"errors": "logcorr.model.errors", "events": "logcorr.model.events"}


if not TYPE_CHECKING:  # so that a type checker knows the names above, and no others

    def __getattr__(name: str) -> object:
        # The engine is loaded when it is needed: a command must not wait for it, nor who imports this for another use.
        if name in _MODULES:
            return import_module(_MODULES[name])
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
