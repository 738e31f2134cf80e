"""What listens at the address of an engine: nobody, something else that is silent or answers, or the engine itself."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from logcorr.cluster.engines import dask, listening
from logcorr.cluster.engines.base import open_engine, within
from logcorr.cluster.engines.listening import check_listening
from logcorr.model.errors import UsageError

GRPC_SETTINGS = bytes([0, 0, 12, 4, 0, 0, 0, 0, 0]) + bytes(12)
SPARK_FAILURE = (100).to_bytes(8, "big") + bytes([8]) + bytes(91)
HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
PATIENCE_S = 30


@contextmanager
def listener(answer: bytes | None) -> Iterator[str]:
    """Somebody who listens, and gives this answer to whatever is said, or none. Gives its address."""
    held: list[socket.socket] = []

    def serve(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return  # the end of the test
            held.append(connection)
            with suppress(OSError):  # who only looked is gone
                if answer is not None:
                    connection.recv(1000)
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_WR)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE_S)
            for connection in held:
                connection.close()


@pytest.mark.parametrize(
    "word", ["dask:tcp://127.0.0.1:1", "dask://127.0.0.1:1", "dask:127.0.0.1:1", "ray://127.0.0.1:1", "spark://[::1]:1"]
)
def test_nobody(word: str) -> None:
    with pytest.raises(UsageError, match=r"nobody answers at \S+:1 \(.*\)\. Check the address, and that it runs\."):
        open_engine(word)


@pytest.mark.parametrize("kind", ["ray", "spark"])
def test_somebody_who_is_silent(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "ANSWER_S", 0.1)
    with listener(None) as address, pytest.raises(UsageError, match=r"what listens at \S+ does not answer within 0 s"):
        open_engine(f"{kind}://{address}")


@pytest.mark.parametrize(
    "answer", [HTTP, b"\xff" * 64, b"", b"SSH-2.0-OpenSSH_9.6\r\n"], ids=["http", "bytes", "end", "ssh"]
)
@pytest.mark.parametrize("kind", ["ray", "spark"])
def test_something_else(kind: str, answer: bytes) -> None:
    with (
        listener(answer) as address,
        pytest.raises(UsageError, match=rf"what answers at \S+ is no {kind.capitalize()}"),
    ):
        open_engine(f"{kind}://{address}")


@pytest.mark.parametrize(
    ("kind", "answer"),
    [("ray", GRPC_SETTINGS), ("spark", SPARK_FAILURE), ("spark", b"\x15\3\3")],
    ids=["ray", "spark", "tls"],
)
def test_the_engine_itself(kind: str, answer: bytes) -> None:
    with listener(answer) as address:
        check_listening(f"{kind}://{address}", kind, f"//{address}")


def test_addresses_that_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", None)
    for kind, address in (("spark", "yarn"), ("spark", "//a:1,b:2"), ("dask", ""), ("exec", "a:1"), ("ray", "auto")):
        check_listening(f"{kind}:{address}", kind, address)


def test_dask_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "_ANSWER_S", 0.2)
    with listener(None) as address, pytest.raises(UsageError, match=r"did not answer within 0 s\. Check that a sched"):
        open_engine(f"dask://{address}")


def test_no_scheduler_of_dask() -> None:
    with listener(HTTP) as address, pytest.raises(UsageError, match="what answers there is no scheduler of Dask"):
        open_engine(f"dask://{address}")


def test_a_function_that_does_not_end() -> None:
    released = threading.Event()
    with pytest.raises(TimeoutError, match="it did not answer within 0 s"):
        within(0.01, lambda: released.wait(PATIENCE_S))
    released.set()
    assert within(PATIENCE_S, lambda: 7) == 7

    def failing(error: type[Exception]) -> Callable[[], None]:
        def fail() -> None:
            raise error("of its own")

        return fail

    for error in (KeyError, TimeoutError):
        with pytest.raises(error, match="of its own"):
            within(PATIENCE_S, failing(error))
