"""Generates a pair of logs of any size in bounded memory, with the truth that a correct run must report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from logcorr.generate.pair import lines
from logcorr.generate.pair.lines import PairLog, entries_of
from logcorr.generate.pair.scenario import PairOptions, Scenario
from logcorr.generate.pair.truth import PairTruth
from logcorr.generate.writer import whole_files

FILES = ("requests.log", "responses.log", "truth.json")


def generate_pair(options: PairOptions, on_progress: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """Writes requests.log, responses.log and truth.json into `options.directory`, and returns the truth.

    `on_progress` is called after every chunk with two numbers of request lines, both estimated: done, and in total. An
    exception of `on_progress` ends the run. The three files appear together at the end; a run that fails or is
    interrupted leaves nothing. Raises UsageError for options that make no sense, OutputError for files that exist
    already or cannot be written.
    """
    options.check()
    scenario = Scenario(options)
    truth = PairTruth(options)
    with whole_files(Path(options.directory), FILES, force=options.force) as (request_file, response_file, truth_file):
        logs = (PairLog("request", request_file, options), PairLog("response", response_file, options))
        for first in range(0, scenario.count, lines.CHUNK):
            end = min(first + lines.CHUNK, scenario.count)
            exchanges = scenario.exchanges(first, end)
            watermark = scenario.earliest_us(end)
            for log in logs:
                entries = entries_of(exchanges, log.side)
                truth.note_span(log.side, entries)
                log.add(entries, watermark if end < scenario.count else None)
            truth.count_exchanges(exchanges, watermark)
            if on_progress:
                on_progress(options.rows * end // scenario.count, options.rows)
        figures = truth.figures(*logs)
        truth_file.write(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
    return figures
