"""A process of `processes`: runs the items on its standard input, a line each, and gives the index of each that ended.

It ends when that input ends, also within a step: then the process that started it is gone.
"""

import json
import os
import queue
import signal
import sys
import threading

from logcorr.cluster.engines.base import run_item
from logcorr.compute.threads import spare_numpy_threads

# The answer for a step that did not end.
_NOT_ENDED = "-"


def main() -> None:
    """Runs items until none comes any more."""
    spare_numpy_threads()
    # An interrupt goes to the process that started this one, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what else is printed is no answer
    items: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(items,), daemon=True).start()
    while True:
        uri, key, phase, index = json.loads(items.get())
        try:
            answer = str(run_item((uri, key, phase, index)))
        except Exception as error:  # noqa: BLE001 - the store cannot be reached, so nothing else can be told
            sys.stderr.write(f"logcorr: step {phase} {index}: {' '.join(str(error).split())}\n")
            answer = _NOT_ENDED
        answers.write(f"{answer}\n")
        answers.flush()


def _read(items: "queue.SimpleQueue[str]") -> None:
    for line in sys.stdin:
        items.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
