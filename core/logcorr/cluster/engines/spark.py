"""Steps on Spark, each a job of one task: in the session that there is, on a master, or on this machine alone."""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from logcorr.cluster.engines.base import FEWER_SLOTS, Item, in_words, run_item, within
from logcorr.model.errors import UsageError

_END_S = 60
_SETTINGS = {"spark.ui.showConsoleProgress": "false", "spark.executorEnv.POLARS_MAX_THREADS": "1"}


def start(address: str) -> "Spark":
    """A session on the master `//HOST:PORT`, `yarn` or `local[SLOTS,TRIES]`. Without one: the session that there is."""
    from py4j.protocol import Py4JError  # noqa: PLC0415 - where pyspark is not installed, that is what is missing

    is_given = "PYSPARK_GATEWAY_PORT" in os.environ or SparkSession.getActiveSession() is not None
    master = f"spark:{address}" if address.startswith("//") else address or ("" if is_given else "local[*,4]")
    if master.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else it is any python3 of the path
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)  # it is not used
    builder = SparkSession.builder.appName("logcorr").config(map=_SETTINGS)
    try:
        return Spark((builder.master(master) if master else builder).getOrCreate(), is_own=not is_given)
    except (PySparkException, Py4JError, OSError, RuntimeError) as error:
        raise UsageError(f"engine 'spark:{address}': {in_words(error)} Check that it runs.") from error


class Spark:
    advice = FEWER_SLOTS

    def __init__(self, session: Any, *, is_own: bool) -> None:
        self._session, self._is_own = session, is_own
        self.slots = max(1, int(session.sparkContext.defaultParallelism))
        self.said: dict[int, str] = {}

    def run(self, items: Sequence[Item]) -> Iterator[int]:
        threads = ThreadPoolExecutor(2 * self.slots + 32)  # Spark may add workers for tasks that wait
        index_of = {threads.submit(_run_task, self._session, item): item[3] for item in items}
        try:
            for ended in as_completed(index_of):
                if (error := ended.exception()) is None:
                    yield index_of[ended]
                else:
                    self.said[index_of[ended]] = in_words(error)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            self._session.interruptTag("logcorr")

    def close(self) -> None:
        if self._is_own:
            with contextlib.suppress(TimeoutError):  # a master that does not answer is left alone
                within(_END_S, self._session.stop)


def _run_task(session: Any, item: Item) -> None:
    session.addTag("logcorr")
    session.range(0, 1, 1, 1).mapInArrow(lambda rows: [run_item(item)] and rows, "id long").collect()
