"""S3 as moto has it, on this machine, for `make test-cluster`."""

import importlib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from logcorr.compute import object_storage


@contextmanager
def moto_server() -> Iterator[str]:
    """Serves a new bucket to this process and to those that it starts. Gives its URI. Skips where moto is missing."""
    pytest.importorskip("moto.server")
    server = importlib.import_module("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    variables = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
    }
    object_storage.opened.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        try:
            # All servers of a process have the same buckets.
            for method, path in (("POST", "moto-api/reset"), ("PUT", "bucket")):
                urllib.request.urlopen(urllib.request.Request(f"{url}/{path}", method=method)).close()  # noqa: S310 - its own
            yield "s3://bucket"
        finally:
            server.stop()
            object_storage.opened.cache_clear()
