"""Steps on Ray: the cluster that this process is in, one at an address, or one that Ray starts on this machine."""

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import ray

from logcorr.cluster.engines.base import FEWER_SLOTS, Item, in_words, run_item, within
from logcorr.cluster.engines.listening import check_listening
from logcorr.model.errors import UsageError

# Ray itself tries a step again where its worker died. The driver asks again for what is missing after that.
_RETRIES = 3
_END_S = 60


def start(address: str) -> "Ray":
    """Joins the cluster at an address of `ray.init`. Without one, Ray looks for a cluster, and else starts one here."""
    # With `uv run`, Ray would send the working folder to every worker, logs and all.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    logging.getLogger("ray").setLevel(logging.ERROR)  # of signals and tokens, which are no faults
    place = f"ray:{address}" if address.startswith("//") else address
    if not place:
        _check_last_cluster()
    threads = {"env_vars": {"POLARS_MAX_THREADS": "1"}}
    try:
        ray.init(place or None, log_to_driver=False, configure_logging=False, runtime_env=threads)
    except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        advice = "Check that it runs, with this Ray, and RAY_AUTH_MODE=token and ~/.ray/auth_token where it wants one."
        raise UsageError(f"engine 'ray:{address}': {in_words(error)}. {advice}") from error
    return Ray()


def _check_last_cluster() -> None:
    """Checks that the cluster answers which Ray would join, as it was the last on this machine.

    Ray itself waits for one that is gone without an end. Raises UsageError.
    """
    file = Path(os.environ.get("RAY_TMPDIR") or "/tmp", "ray", "ray_current_cluster")  # noqa: S108 - it is Ray's own
    last = os.environ.get("RAY_ADDRESS", "")
    with contextlib.suppress(OSError):
        last = last or file.read_text("utf8").strip()
    try:
        check_listening("ray", "ray", last)
    except UsageError as error:
        raise UsageError(f"{error} `ray stop` lets Ray forget the last cluster of this machine.") from error


class Ray:
    advice = FEWER_SLOTS

    def __init__(self) -> None:
        self.slots = max(1, int(ray.cluster_resources().get("CPU", 1)))
        self.said: dict[int, str] = {}

    def run(self, items: Sequence[Item]) -> Iterator[int]:
        task = ray.remote(num_cpus=1, max_retries=_RETRIES)(run_item)
        index_of = {task.remote(item): item[3] for item in items}
        left = list(index_of)
        try:
            while left:
                (ended,), left = ray.wait(left)
                try:
                    yield ray.get(ended)
                except ray.exceptions.RayError as error:
                    self.said[index_of[ended]] = in_words(getattr(error, "cause", error))
        finally:
            for waiting in left:
                ray.cancel(waiting)

    def close(self) -> None:
        with contextlib.suppress(TimeoutError):  # a cluster that does not answer is left alone
            within(_END_S, ray.shutdown)
