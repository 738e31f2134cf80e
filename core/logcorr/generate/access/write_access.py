"""Generates an access log of any size in bounded memory, with the truth that a correct `analyze` must report.

`traffic` has the requests, `lines` writes them as lines, `truth` counts what a correct run must report.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from logcorr.generate.access.lines import AccessLog
from logcorr.generate.access.options import AccessOptions
from logcorr.generate.access.texts import Vocabulary
from logcorr.generate.access.traffic import PHASES, Traffic
from logcorr.generate.access.truth import AccessTruth
from logcorr.generate.load_curves import INCIDENTS
from logcorr.generate.writer import whole_files
from logcorr.text import instants

__all__ = ["AccessOptions", "generate_access"]

CHUNK = 100_000


def generate_access(options: AccessOptions, on_progress: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """Writes the log `options.path`, and `options.truth` into the same folder; returns the truth.

    `on_progress` is called after every chunk with the number of lines done and in total; an exception of `on_progress`
    ends the run. Both files appear together at the end; a run that fails or is interrupted leaves nothing. Raises
    UsageError for options that make no sense, OutputError for files that exist already or cannot be written.
    """
    options.check()
    path = Path(options.path)
    vocabulary = Vocabulary(endpoints=options.endpoints, ids=options.ids, ips=options.ips, abusers=options.abusers)
    traffic = Traffic(options, vocabulary)
    truth = AccessTruth(vocabulary, traffic.start_us)
    with whole_files(path.parent, (path.name, options.truth), force=options.force) as (log_file, truth_file):
        log = AccessLog(log_file, options, vocabulary, end_us=traffic.end_us, most=4 * CHUNK)
        for first in range(0, traffic.count, CHUNK):
            end = min(first + CHUNK, traffic.count)
            watermark = traffic.earliest_us(end) if end < traffic.count else None
            truth.count(log.add(traffic.lines(first, end), watermark), watermark)
            if on_progress:
                on_progress(end, traffic.count)
        figures = {
            "schema": 1,
            "kind": "access",
            "seed": options.seed,
            "options": _shown_options(options),
            "inputs": {"access": {"bytes": log_file.tell(), **log.ledger()}},
            **truth.figures(),
            "scenario": _scenario(traffic, vocabulary, options),
        }
        truth_file.write(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
    return figures


def _shown_options(options: AccessOptions) -> dict[str, Any]:
    options_ = msgspec.to_builtins(options)
    return {name: value for name, value in options_.items() if name not in {"path", "force", "truth"}}


def _scenario(traffic: Traffic, vocabulary: Vocabulary, options: AccessOptions) -> dict[str, Any]:
    """When phases and incidents happen, for people who compare them with the charts."""
    ends = [sum(phase.percent for phase in PHASES[: index + 1]) / 100 for index in range(len(PHASES))]
    incidents = INCIDENTS if options.incident else ()
    return {
        "phases": [
            {**_time_range(traffic, begin, end), "latency": phase.speed, "traffic": phase.rate}
            for phase, begin, end in zip(PHASES, [0.0, *ends], ends, strict=False)
        ],
        "incidents": [_time_range(traffic, begin, end) for begin, end, *_ in incidents],
        "abusive_ips": vocabulary.ips.tail(options.abusers).to_list(),
    }


def _time_range(traffic: Traffic, begin: float, end: float) -> dict[str, str]:
    start, stop = (instants.text(traffic.start_us + round(share * traffic.span_ms) * 1000) for share in (begin, end))
    return {"start": start, "end": stop}
