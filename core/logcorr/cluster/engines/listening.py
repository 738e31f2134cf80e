"""Whether the service of an engine listens at an address, before its library is asked, which may try for minutes.

Ray and Spark are said hello in their own protocol: what never answers, or answers otherwise, is told at once. Dask ends
by itself.
"""

import os
import re
import socket
import struct

from logcorr.model.errors import UsageError

ANSWER_S = 10.0
_HOST_AND_PORT = re.compile(r"(?:.*//)?(?P<host>\[[^\]/]+\]|[^\[\]:/,]+):(?P<port>\d{1,5})/?")
# The beginning of HTTP/2, on which gRPC is, with empty settings. A server answers with its own settings.
_GRPC_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
# A message of Spark that asks for a file. The master answers with a message that it has none.
_SPARK_FILE = b"/files/logcorr"
_SPARK_HELLO = struct.pack(">qBi", 13 + len(_SPARK_FILE), 6, len(_SPARK_FILE)) + _SPARK_FILE
_HELLO = {"ray": _GRPC_HELLO, "spark": _SPARK_HELLO}
# The ninth byte of a message of Spark is its kind, and the fourth of a frame of HTTP/2.
_SPARK_KINDS, _GRPC_SETTINGS = range(12), 4
_HEAD_BYTES, _MOST_SPARK_BYTES = 9, 1 << 20
_TLS_ALERT = 0x15


def check_listening(word: str, kind: str, address: str) -> None:
    """Checks that the service of an engine listens where its address is `HOST:PORT`; another address is not looked at.

    Raises UsageError where nobody answers within ten seconds, or something else does.
    """
    match = _HOST_AND_PORT.fullmatch(address)
    if match is None or kind == "exec":
        return
    where = f"{match['host']}:{match['port']}"
    try:
        with socket.create_connection((match["host"].strip("[]"), int(match["port"])), ANSWER_S) as connection:
            hello = _HELLO.get(kind)
            answer = _answer(connection, hello) if hello else None
    except TimeoutError:
        reason = f"what listens at {where} does not answer within {ANSWER_S:.0f} s"
        raise UsageError(f"engine {word!r}: {reason}. Check the address, and that it runs.") from None
    except (OSError, OverflowError) as error:
        reason = f"nobody answers at {where} ({getattr(error, 'strerror', None) or error})"
        raise UsageError(f"engine {word!r}: {reason}. Check the address, and that it runs.") from error
    if answer is not None and not _is_of(kind, answer):
        raise UsageError(f"engine {word!r}: what answers at {where} is no {kind.capitalize()}. Check the address.")


def _answer(connection: socket.socket, hello: bytes) -> bytes:
    """The first bytes that are answered to a hello; fewer where the connection is closed. Raises OSError."""
    connection.sendall(hello)
    answer = b""
    while len(answer) < _HEAD_BYTES and (more := connection.recv(_HEAD_BYTES - len(answer))):
        answer += more
    return answer


def _is_of(kind: str, answer: bytes) -> bool:
    """Whether an answer is that of Ray or Spark; or may be, as it is encrypted there."""
    if answer[:1] == bytes([_TLS_ALERT]):
        return True
    if kind == "ray":
        is_settings = len(answer) == _HEAD_BYTES and answer[3] == _GRPC_SETTINGS
        return is_settings or bool(os.environ.get("RAY_USE_TLS"))
    if len(answer) < _HEAD_BYTES:
        return False
    size, of_message = struct.unpack(">qB", answer)
    return _HEAD_BYTES <= size < _MOST_SPARK_BYTES and of_message in _SPARK_KINDS
