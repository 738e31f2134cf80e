"""A bucket for tests: as much of the S3 protocol as obstore and polars ask for, on this machine, with faults on demand.

moto stands in for S3 in `make test-cluster`. This one needs no package, counts what is sent, and fails as it is told.
"""

import hashlib
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest

from logcorr.compute import object_storage

# What no output of any kind may show.
KEY_ID, SECRET, TOKEN = "AKIATESTKEYID0000001", "secret-of-the-tests-0001", "token-of-the-tests-0001"


class Bucket:
    """Objects by key, below one bucket name, and what was asked of it.

    `faults` has what the next requests get instead of an answer: a status, or seconds to wait before the answer. While
    `refused` is set every request gets that status.
    """

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.faults: deque[int | float] = deque()
        self.refused = 0
        self.bytes_sent: Counter[str] = Counter()
        self.asked: list[str] = []
        self.authorizations: list[str] = []
        self.lock = threading.Lock()
        self.url = ""

    def environment(self) -> dict[str, str]:
        """What a process needs to reach the bucket."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": TOKEN,
            "AWS_REGION": "eu-central-1",
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        with self.bucket.lock:
            self.bucket.asked.append(f"{self.command} {self.path}")
            self.bucket.authorizations.append(self.headers.get("authorization", ""))
            fault = self.bucket.faults.popleft() if self.bucket.faults else self.bucket.refused
        if isinstance(fault, float):
            time.sleep(fault)
        elif fault:
            # As S3 does, the answer repeats what was sent.
            self._answer(fault, f"<Error><Code>Told</Code><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId></Error>".encode())
            return
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        key = unquote(url.path).lstrip("/").partition("/")[2]
        with self.bucket.lock:
            self._do(key, query, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_one  # noqa: N815 - names of http.server

    def _do(self, key: str, query: dict[str, list[str]], body: bytes) -> None:
        if self.command == "PUT":
            self._put(key, body)
        elif self.command == "POST":
            names = [element.text or "" for element in ET.fromstring(body).iter() if element.tag.endswith("Key")]
            for name in names:
                self.bucket.objects.pop(name, None)
            deleted = "".join(f"<Deleted><Key>{escape(name)}</Key></Deleted>" for name in names)
            self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())
        elif not key:
            self._list(query)
        elif key not in self.bucket.objects:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._get(key)

    def _put(self, key: str, body: bytes) -> None:
        if self.headers.get("if-none-match") == "*" and key in self.bucket.objects:
            self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        own = {name: value for name, value in self.headers.items() if name.lower().startswith("x-amz-meta-")}
        self.bucket.objects[key] = (body, own)
        self._answer(200, b"", {"etag": _etag(body)})

    def _get(self, key: str) -> None:
        data, own = self.bucket.objects[key]
        if (wanted := self.headers.get("if-match")) and wanted != _etag(data):
            self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        status, piece, more = 200, data, {}
        if asked := self.headers.get("range"):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start = int(first) if first else max(0, len(data) - int(last))
            end = min(int(last) + 1, len(data)) if first and last else len(data)
            if start >= len(data):
                self._answer(416, b"<Error><Code>InvalidRange</Code></Error>")
                return
            status, piece = 206, data[start:end]
            more = {"content-range": f"bytes {start}-{end - 1}/{len(data)}"}
        if self.command == "GET":
            self.bucket.bytes_sent[key] += len(piece)
        self._answer(status, piece, {"etag": _etag(data), "last-modified": formatdate(usegmt=True), **own, **more})

    def _list(self, query: dict[str, list[str]]) -> None:
        prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
        names = sorted(name for name in self.bucket.objects if name.startswith(prefix))
        folders = {prefix + name[len(prefix) :].partition("/")[0] + "/" for name in names if "/" in name[len(prefix) :]}
        shown = [name for name in names if not delimiter or "/" not in name[len(prefix) :]]
        contents = "".join(
            f"<Contents><Key>{escape(name)}</Key><Size>{len(self.bucket.objects[name][0])}</Size>"
            f"<ETag>{escape(_etag(self.bucket.objects[name][0]))}</ETag>"
            "<LastModified>2026-11-29T12:00:00.000Z</LastModified></Contents>"
            for name in shown
        )
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in sorted(folders)
        )
        xml = f"<ListBucketResult>{contents}{common if delimiter else ''}</ListBucketResult>"
        self._answer(200, xml.encode())

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Says nothing of a client that did not wait for its answer."""


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


@contextmanager
def bucket_server() -> Iterator[Bucket]:
    """A bucket that this process, and processes that it starts, reach by `s3://bucket/…`."""
    bucket = Bucket()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"bucket": bucket}))
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    object_storage.opened.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in bucket.environment().items():
            patch.setenv(name, value)
        try:
            yield bucket
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
            object_storage.opened.cache_clear()
