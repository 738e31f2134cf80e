"""`python -m benchmarks`: measure logcorr and its rivals in turn; `python -m benchmarks scale`: logcorr on odd logs."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import data, publish, scale
from benchmarks.machine import machine, versions
from benchmarks.roster import chosen
from benchmarks.rounds import Setting, run_rounds
from benchmarks.verdict import judge

HERE = Path(__file__).parent
SMALL = 2000


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 a contender (or, in `scale`, logcorr) was wrong, 2 wrong usage."""
    options = _parser().parse_args(words)
    options.only = [name for text in options.only for name in text.split(",") if name]
    if not sys.platform.startswith("linux"):
        sys.stderr.write("error: the benchmarks measure through /proc, which only Linux has\n")
        return 2
    try:
        if options.mode == "scale":
            result = scale.run(options.dir, options.rows, options.only, timeout_s=options.timeout, tell=_tell)
        else:
            result = _bench(options)
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
    pair = data.pair(options.dir, options.rows) if {"full", "ndjson"} & {*works} else None
    access = data.access(options.dir, options.rows) if "access" in works else None
    truths: dict[str, dict[str, Any]] = {}
    lines = {"pair": 0, "access": 0}
    if pair:
        truths |= {"full": pair.truth, "ndjson": {"matched": pair.truth["matched"]}}
        lines["pair"] = 2 * pair.truth["matched"] + pair.truth["request_orphans"] + pair.truth["response_orphans"]
    if access:
        truths["access"] = {"endpoints": access.truth["endpoints"]}
        lines["access"] = access.truth["lines"]
    places = _places(pair, access)
    for path in places.values():
        _warm(Path(path))
    small = None
    if options.rows > SMALL:
        small_pair = data.pair(options.dir, SMALL) if pair else None
        small = _places(small_pair, data.access(options.dir, SMALL) if access else None)
    setting = Setting(options.dir.resolve(), options.timeout, places, small)
    found = {}
    for work in works:
        records = run_rounds(work, contenders, options.rounds, setting, _tell)
        judge(records, truths[work])
        if records:
            found[work] = records
    return {"rounds": options.rounds, "lines": lines, "works": found}


def _places(pair: data.Pair | None, access: data.Access | None) -> dict[str, str]:
    """What fills the words of commands."""
    places = {"requests": pair.requests, "responses": pair.responses} if pair else {}
    if access:
        places["log"] = access.log
    return {name: str(path.resolve()) for name, path in places.items()}


def _warm(path: Path) -> None:
    """Read a log once, so that nobody is the first to fetch it from disk."""
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass


def _is_wrong(result: dict[str, Any]) -> bool:
    works = result.get("works", {}).values()
    return any(record["wrong"] or record["failed"] for records in works for record in records) or any(
        case["wrong"] for case in result.get("cases", ())
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("mode", nargs="?", default="bench", choices=("bench", "scale"))
    parser.add_argument("--rows", type=int, default=2_000_000, help="lines of each log (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender runs (default: %(default)s)")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these contenders, works or cases only")
    parser.add_argument("--timeout", type=float, default=900, help="seconds a process may take (default: %(default)s)")
    parser.add_argument("--dir", type=Path, default=HERE / ".data", help="folder for logs and scratch files")
    parser.add_argument("--out", type=Path, default=HERE / "out", help="folder for the results")
    parser.add_argument("--publish", action="store_true", help="write RESULTS.md, results.json and assets/bench.svg")
    return parser


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
