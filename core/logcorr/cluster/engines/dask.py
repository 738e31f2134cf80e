"""Steps on Dask: a scheduler and workers that somebody runs, or those that Dask starts on this machine."""

import contextlib
import time
from collections.abc import Iterator, Sequence

import dask
from distributed import Client, as_completed

from logcorr.cluster.engines.base import FEWER_SLOTS, Item, in_words, run_item, within
from logcorr.model.errors import EngineError, UsageError

_ANSWER_S = 10
# Workers of this machine take longer to start.
_START_S = 60
# Dask itself tries a step again where its worker died. The driver asks again for what is missing after that.
_RETRIES = 3
# Workers of this machine: a process for each core. How much memory a step takes is not theirs to say.
_OWN = {"threads_per_worker": 1, "memory_limit": 0, "dashboard_address": ":0", "set_as_default": False}


def start(address: str) -> "Dask":
    """Connects to the scheduler at `HOST:PORT`, by default to that of Dask's settings; else starts workers here."""
    place = address.removeprefix("//") or dask.config.get("scheduler-address", "")
    place = f"tcp://{place}" if place and "://" not in place else place
    how = {"address": place, "timeout": _ANSWER_S, "set_as_default": False} if place else _OWN
    try:
        # Something else that listens there may never answer.
        return within(_ANSWER_S if place else _START_S, lambda: Dask(Client(**how)))
    except Exception as error:
        # Any answer is taken for sizes and frames of Dask, which no memory has room for.
        said = in_words(error) if isinstance(error, OSError) else "what answers there is no scheduler of Dask"
        message = f"engine 'dask:{address}': {said}. Check that a scheduler runs there, with this version of Dask."
        raise UsageError(message) from error


class Dask:
    advice = FEWER_SLOTS

    def __init__(self, client: Client) -> None:
        self._client = client
        self.slots = max(1, sum(client.nthreads().values()))
        self.said: dict[int, str] = {}

    def run(self, items: Sequence[Item]) -> Iterator[int]:
        self._wait_for_scheduler()
        futures = self._client.map(run_item, items, pure=False, retries=_RETRIES)
        index_of = {future.key: item[3] for future, item in zip(futures, items, strict=True)}
        try:
            for future in as_completed(futures, loop=self._client.loop):
                if future.status == "finished":
                    yield index_of[future.key]
                elif future.status == "error":
                    self.said[index_of[future.key]] = in_words(future.exception(timeout=_ANSWER_S))
        finally:
            if self._client.status == "running":
                self._client.cancel(futures, force=True)

    def _wait_for_scheduler(self) -> None:
        """Waits for a scheduler that was lost, as long as the client looks for it. Raises EngineError."""
        while self._client.status == "connecting":
            time.sleep(0.1)
        if self._client.status != "running":
            raise EngineError("engine 'dask': the scheduler was lost. Start again to go on, once it runs.")

    def close(self) -> None:
        with contextlib.suppress(TimeoutError):  # a scheduler that stands still is left alone
            within(_ANSWER_S, self._client.close)
