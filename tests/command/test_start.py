"""What a command loads before it works: a short run takes about as long as that, so what it does not need must wait."""

import os
import subprocess
import sys
from pathlib import Path

_LOADED = """
import sys
sys.argv[:] = ["logcorr", *sys.argv[1:]]
from logcorr.__main__ import main
try:
    main()
finally:
    print(*sys.modules, sep="\\n", file=sys.stderr)
"""
_LINE = (
    '{{"timestamp":"2025-11-21T14:00:00.{n}00Z","method":"GET","endpoint":"/","status_code":200,"ip":"10.0.0.1",'
    '"response_time":12,"user_agent":"curl"}}\n'
)
_NEVER = {"textual", "asyncio"}


def loaded(folder: Path, *words: str) -> set[str]:
    """The modules that a command has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *words],
        cwd=folder,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines())


def test_help_loads_no_engine(tmp_path: Path) -> None:
    names = loaded(tmp_path, "--help")
    assert "logcorr.commands.generate" in names
    assert not names & {"polars", "numpy", "rich", "plotext", "psutil", "logcorr.jobs", *_NEVER}


def test_a_command_loads_no_other_command(tmp_path: Path) -> None:
    names = {name for name in loaded(tmp_path, "runs", "list", "--store", "runs") if name.startswith("logcorr.comm")}
    assert "logcorr.commands.runs" in names
    assert not names & {f"logcorr.commands.{name}" for name in ("analyze", "correlate", "diff", "formats", "generate")}


def test_a_job_loads_nothing_of_the_app_and_of_other_jobs(tmp_path: Path) -> None:
    (tmp_path / "access.ndjson").write_text("".join(_LINE.format(n=n) for n in range(10)), encoding="utf-8")
    names = loaded(tmp_path, "analyze", "access.ndjson", "--store", "runs", "--report", "report.json")
    assert "polars" in names
    assert not names & {"logcorr.jobs.correlate", "logcorr.formats.draft_profile", "logcorr.generate", *_NEVER}
    assert not names & {"logcorr.api.correlate", "logcorr.api.notebook_table", "html", "logcorr.query.view_filter"}


def test_the_report_alone_draws_no_charts(tmp_path: Path) -> None:
    (tmp_path / "access.ndjson").write_text("".join(_LINE.format(n=n) for n in range(10)), encoding="utf-8")
    names = loaded(tmp_path, "analyze", "access.ndjson", "--no-store", "--report", "-")
    assert "plotext" not in names
