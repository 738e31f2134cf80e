"""Measures the steps of a correlation on an engine, for `cluster_model`: CPU, bytes and requests of each, as JSON.

    python -m benchmarks.cluster_trace REQUESTS RESPONSES --split 16MB --split 64MB > trace.json

All steps run in this process, one after the other, so that each is measured alone.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import msgspec
import polars as pl

from logcorr.cluster import correlate
from logcorr.cluster.driver import Driver
from logcorr.cluster.engines import inline
from logcorr.cluster.engines.base import Item, run_item
from logcorr.cluster.folder_store import FolderStore
from logcorr.model.options import ClusterOptions, CorrelateOptions
from logcorr.text.quantities import size_bytes

MEMORY = 4 << 30


class StepCost(msgspec.Struct, kw_only=True):
    """What a step took: CPU seconds, and what it asked of the store. The bytes of its split are not among them."""

    phase: str
    index: int
    cpu_s: float = 0.0
    reads: int = 0
    read_bytes: int = 0
    writes: int = 0
    written_bytes: int = 0


class Trace(msgspec.Struct, kw_only=True):
    """The steps of one run, with the sizes that it was cut into. `driver_cpu_s` is of all that is no step."""

    text_bytes: int
    lines: int
    splits: int
    buckets: int
    parts: int
    driver_cpu_s: float
    steps: list[StepCost]


class _Meter:
    """Counts what the present step asks of the store. What the driver asks is not counted."""

    def __init__(self) -> None:
        self.steps: list[StepCost] = []
        self.now: StepCost | None = None
        self.plan: Any = None

    def run_item(self, item: Item) -> int:
        """Runs a step, and measures it."""
        self.now = StepCost(phase=item[2], index=item[3])
        began = time.process_time()
        try:
            return run_item(item)
        finally:
            self.now.cpu_s = time.process_time() - began
            self.steps.append(self.now)
            self.now = None

    def read(self, count: int) -> None:
        """Counts a request for so many bytes."""
        if self.now is not None:
            self.now.reads += 1
            self.now.read_bytes += count

    def written(self, count: int) -> None:
        """Counts a request with so many bytes."""
        if self.now is not None:
            self.now.writes += 1
            self.now.written_bytes += count

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watches all stores and steps of this process."""
        real = {name: getattr(FolderStore, name) for name in ("get", "get_range", "put", "create", "put_file", "table")}
        meter = self

        def reading(name: str) -> Callable[..., Any]:
            def act(store: FolderStore, *words: Any) -> Any:
                data = real[name](store, *words)
                meter.read(len(data))
                return data

            return act

        def writing(name: str) -> Callable[..., Any]:
            def act(store: FolderStore, path: str, data: Any) -> Any:
                meter.written(data.stat().st_size if isinstance(data, Path) else len(data))
                return real[name](store, path, data)

            return act

        def table(store: FolderStore, name: str) -> pl.LazyFrame:
            # Its columns are not told apart: as if all of them were read.
            meter.read((Path(store.uri) / name).stat().st_size)
            rows: pl.LazyFrame = real["table"](store, name)
            return rows

        adopt = Driver.adopt

        def adopting(driver: Driver, plan: Any) -> None:
            adopt(driver, plan)
            meter.plan = driver.plan

        with ExitStack() as watched:
            watched.enter_context(patch.object(inline, "run_item", self.run_item))
            watched.enter_context(patch.object(Driver, "adopt", adopting))
            watched.enter_context(patch.object(FolderStore, "table", table))
            for name in ("get", "get_range"):
                watched.enter_context(patch.object(FolderStore, name, reading(name)))
            for name in ("put", "create", "put_file"):
                watched.enter_context(patch.object(FolderStore, name, writing(name)))
            yield


def measured(requests: str, responses: str, split_bytes: int, folder: Path) -> Trace:
    """Correlates two logs by steps of this process, cut into splits of so many bytes. Raises as `correlate` does."""
    meter, began = _Meter(), time.process_time()
    with meter.watching():
        result = correlate.correlate(
            CorrelateOptions(
                requests=(requests,),
                responses=(responses,),
                memory_bytes=MEMORY,
                store=str(folder),
                cluster=ClusterOptions(engine="inline", worker_memory_bytes=MEMORY, split_bytes=split_bytes),
            )
        )
    inputs = result.report.inputs
    return Trace(
        text_bytes=sum(file.bytes for files in meter.plan.files.values() for file in files),
        lines=sum(side.lines for side in (inputs.requests, inputs.responses) if isinstance(side.lines, int)),
        splits=len(meter.plan.splits),
        buckets=meter.plan.sizes.buckets,
        parts=meter.plan.sizes.parts,
        driver_cpu_s=time.process_time() - began - sum(step.cpu_s for step in meter.steps),
        steps=meter.steps,
    )


def main(words: list[str]) -> None:
    """Writes a list of traces to stdout, one for each size of splits."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster_trace", allow_abbrev=False)
    parser.add_argument("requests")
    parser.add_argument("responses")
    parser.add_argument("--split", action="append", type=size_bytes, help="size of splits; repeatable")
    given = parser.parse_args(words)
    traces = []
    for split_bytes in given.split or [16 << 20, 64 << 20]:
        with tempfile.TemporaryDirectory(prefix="logcorr-trace-") as folder:
            traces.append(measured(given.requests, given.responses, split_bytes, Path(folder)))
    sys.stdout.write(json.dumps(msgspec.to_builtins(traces), indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
