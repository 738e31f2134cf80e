"""`python -m benchmarks`: measure logcorr and its rivals in turn.

`python -m benchmarks scale` measures logcorr on odd logs, `python -m benchmarks live` on logs that grow.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import live, publish, scale
from benchmarks.forms import are_there, logs_of
from benchmarks.machine import machine, versions
from benchmarks.progress import Progress, Step, guesses, spoken
from benchmarks.roster import chosen
from benchmarks.rounds import Setting, run_rounds, steps_of
from benchmarks.verdict import judge

HERE = Path(__file__).parent
SMALL = 2000


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 a contender (or, in `scale` and `live`, logcorr) was wrong, 2 wrong usage."""
    options = _parser().parse_args(words)
    options.only = [name for text in options.only for name in text.split(",") if name]
    if not sys.platform.startswith("linux"):
        sys.stderr.write("error: the benchmarks measure through /proc, which only Linux has\n")
        return 2
    try:
        if options.mode == "scale":
            result = scale.run(options.dir, options.rows, options.only, timeout_s=options.timeout, tell=_tell)
        elif options.mode == "live":
            settings = {"seconds": options.seconds, "timeout_s": options.timeout}
            result = live.run(options.dir, options.rows, options.only, tell=_tell, **settings)
        else:
            result = _bench(options)
    except RuntimeError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    result = {"date": datetime.now(UTC).date().isoformat(), "rows": options.rows, **result}
    result |= {"machine": machine(), "versions": versions()}
    written = publish.write(result, options.mode, options.out)
    if options.publish:
        publish.publish(result, options.mode)
    sys.stdout.write(written.read_text(encoding="utf-8"))
    _tell(f"written to {written} and beside it" + (", and published" if options.publish else ""))
    return int(_is_wrong(result))


def _bench(options: argparse.Namespace) -> dict[str, Any]:
    works, contenders = chosen(options.only)
    small = options.rows > SMALL
    plan = [Step(work, "", 0) for work in works]
    for work in works:
        plan += steps_of(work, contenders, options.rounds, small=small)
    guess = guesses(publish.published("bench"), options.rows, lambda work: are_there(work, options.dir, options.rows))
    progress = Progress(plan, guess, _write)
    progress.note(f"{len(plan)} steps, which may take {spoken(progress.left())}")
    logs = {}
    settings = {}
    for work in works:
        step = Step(work, "", 0)
        progress.begin(step, f"{work:8} logs")
        logs[work] = logs_of(work, options.dir, options.rows)
        for path in logs[work].paths.values():
            _warm(path)
        few = logs_of(work, options.dir, SMALL).places() if small else None
        settings[work] = Setting(options.dir.resolve(), options.timeout, logs[work].places(), few)
        progress.end()
    found = {}
    for work in works:
        records = run_rounds(work, contenders, options.rounds, settings[work], progress)
        judge(records, logs[work].truth)
        if records:
            found[work] = records
    lines = {of.of: of.lines for of in logs.values()}
    sizes = {work: sum(path.stat().st_size for path in logs[work].paths.values()) for work in found}
    return {"rounds": options.rounds, "lines": lines, "sizes": sizes, "works": found}


def _warm(path: Path) -> None:
    """Read a log once, so that nobody is the first to fetch it from disk."""
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass


def _is_wrong(result: dict[str, Any]) -> bool:
    if any(view["lost"] for view in result.get("views", ())):
        return True
    works = result.get("works", {}).values()
    return any(record["wrong"] or record["failed"] for records in works for record in records) or any(
        case["wrong"] for case in result.get("cases", ())
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("mode", nargs="?", default="bench", choices=("bench", "scale", "live"))
    parser.add_argument("--rows", type=int, default=2_000_000, help="lines of each log (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender runs (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=30, help="seconds a view is measured (default: %(default)s)")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these contenders, works or cases only")
    parser.add_argument("--timeout", type=float, default=900, help="seconds a process may take (default: %(default)s)")
    parser.add_argument("--dir", type=Path, default=HERE / ".data", help="folder for logs and scratch files")
    parser.add_argument("--out", type=Path, default=HERE / "out", help="folder for the results")
    parser.add_argument("--publish", action="store_true", help="write RESULTS.md, results.json and assets/bench.svg")
    return parser


def _tell(text: str) -> None:
    _write(text + "\n")


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
