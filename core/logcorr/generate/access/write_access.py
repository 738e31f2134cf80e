"""A synthetic access log of any size in bounded memory, with the truth that a correct `analyze` must report.

`traffic.py` says what happens, `access_lines.py` makes it lines, `access_truth.py` counts along the way.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from logcorr.generate.access.lines import AccessLog
from logcorr.generate.access.options import AccessOptions
from logcorr.generate.access.texts import Words
from logcorr.generate.access.traffic import PHASES, Traffic
from logcorr.generate.access.truth import AccessTruth
from logcorr.generate.load_curves import INCIDENTS
from logcorr.generate.writer import whole_files
from logcorr.text import instants

__all__ = ["AccessOptions", "generate_access"]

CHUNK = 100_000


def generate_access(options: AccessOptions, on_progress: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """Write the log `options.path`, and `options.truth` beside it; return the truth.

    `on_progress` is called after every chunk with the lines done and in total; what it raises ends the run. Both files
    appear together at the end; a run that fails or is interrupted leaves nothing. Raises UsageError for options that
    make no sense, OutputError for files that exist already or cannot be written.
    """
    options.check()
    path = Path(options.path)
    words = Words(endpoints=options.endpoints, ids=options.ids, ips=options.ips, abusers=options.abusers)
    traffic = Traffic(options, words)
    truth = AccessTruth(words, traffic.start_us)
    with whole_files(path.parent, (path.name, options.truth), force=options.force) as (log_file, truth_file):
        log = AccessLog(log_file, options, words, end_us=traffic.end_us, most=4 * CHUNK)
        for first in range(0, traffic.count, CHUNK):
            end = min(first + CHUNK, traffic.count)
            watermark = traffic.earliest_us(end) if end < traffic.count else None
            truth.see(log.add(traffic.lines(first, end), watermark), watermark)
            if on_progress:
                on_progress(end, traffic.count)
        told = {
            "schema": 1,
            "kind": "access",
            "seed": options.seed,
            "options": _shaping(options),
            "inputs": {"access": {"bytes": log_file.tell(), **log.ledger()}},
            **truth.told(),
            "scenario": _scenario(traffic, words, options),
        }
        truth_file.write(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    return told


def _shaping(options: AccessOptions) -> dict[str, Any]:
    given = msgspec.to_builtins(options)
    return {name: value for name, value in given.items() if name not in {"path", "force", "truth"}}


def _scenario(traffic: Traffic, words: Words, options: AccessOptions) -> dict[str, Any]:
    """What was to happen when, for those who look at the charts."""
    ends = [sum(phase.percent for phase in PHASES[: place + 1]) / 100 for place in range(len(PHASES))]
    incidents = INCIDENTS if options.incident else ()
    return {
        "phases": [
            {**_stretch(traffic, begin, end), "latency": phase.speed, "traffic": phase.rate}
            for phase, begin, end in zip(PHASES, [0.0, *ends], ends, strict=False)
        ],
        "incidents": [_stretch(traffic, begin, end) for begin, end, *_ in incidents],
        "abusive_ips": words.ips.tail(options.abusers).to_list(),
    }


def _stretch(traffic: Traffic, begin: float, end: float) -> dict[str, str]:
    at, until = (instants.text(traffic.start_us + round(share * traffic.span_ms) * 1000) for share in (begin, end))
    return {"start": at, "end": until}
