"""Steps on Dask: a scheduler and workers that somebody runs, or those that Dask starts on this machine."""

import time
from collections.abc import Iterator, Sequence

import dask
from distributed import Client, as_completed

from logcorr.cluster.engines.base import Item, in_words, run_item
from logcorr.model.errors import EngineError, UsageError

_ANSWER_S = 10
# Dask itself tries a step again where its worker died. The driver asks again for what is missing after that.
_RETRIES = 3
# Workers of this machine: a process for each core. How much memory a step takes is not theirs to say.
_OWN = {"threads_per_worker": 1, "memory_limit": 0, "dashboard_address": None, "set_as_default": False}


def start(address: str) -> "Dask":
    """Connects to the scheduler at `HOST:PORT`, by default to that of Dask's settings; else starts workers here."""
    place = address.removeprefix("//") or dask.config.get("scheduler-address", "")
    place = f"tcp://{place}" if place and "://" not in place else place
    try:
        return Dask(Client(place, timeout=_ANSWER_S, set_as_default=False) if place else Client(**_OWN))
    except (OSError, ValueError) as error:
        message = f"engine 'dask:{address}': {in_words(error)}. Check that a scheduler runs there"
        raise UsageError(f"{message}, with this version of Dask.") from error


class Dask:
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
        self._client.close()
