"""Buckets of object storage, by obstore: how one is opened, and what its errors say. It loads no engine.

Credentials and endpoints come from where obstore takes them: the environment, and the machine or pod itself. They are
never part of a URI, of an error or of a file of a run.
"""

import contextlib
import functools
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from logcorr.model.errors import StoreError, UsageError

# A request may take long where a body is large, but an answer that stops in the middle is asked for again.
_CLIENT = {"connect_timeout": "5s", "read_timeout": "30s", "timeout": "30m"}
_RETRY = {"max_retries": 10, "retry_timeout": timedelta(minutes=3)}
# polars repeats a request less often by itself.
_SCAN = {"max_retries": 10}
SCHEMES = ("s3://", "s3a://", "gs://", "az://")
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_HTTP_STATUS = re.compile(r"status code: (\d{3})")
_CAUSES = {
    301: ("the bucket is in another region", "Set AWS_REGION to the region of the bucket."),
    307: ("the bucket is in another region", "Set AWS_REGION to the region of the bucket."),
    401: ("no valid credentials", "Set the credentials of the bucket in the environment of every worker."),
    403: ("access denied", "Check the credentials in the environment of every worker, and what they may do there."),
    404: ("no such bucket", "Check its name and AWS_REGION."),
    416: ("the object ends earlier", "It was cut off, or is not of this run."),
    429: ("too many requests", "Give fewer workers, or try again later."),
    503: ("the service asks for fewer requests", "Give fewer workers, or try again later."),
}
_REFUSED = ("the service refused", "Check the URI and AWS_REGION.")
_SERVER_ERROR = ("the service failed", "Try again later.")
_NO_ANSWER = ("the request failed", "Check the endpoint, and that every worker reaches it.")


class ObjectChangedError(StoreError):
    """An object that is not the one any more that it was."""


def is_uri(word: str) -> bool:
    """Whether a word names an object or a prefix of a bucket, rather than a file or a folder."""
    return word.startswith(SCHEMES)


@functools.lru_cache(maxsize=64)
def opened(uri: str) -> Any:
    """The bucket and prefix at a URI. Nothing is asked of it yet. Any thread may use it.

    Raises UsageError where obstore is not installed, or the URI is none.
    """
    try:
        from obstore.store import from_url  # noqa: PLC0415 - not everybody has it
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "obstore":
            raise
        raise UsageError(
            f"{uri}: the package obstore, which reads buckets, is not here. pip install 'logcorr[s3]'"
        ) from error
    try:
        return from_url(uri, client_options={**_CLIENT, **_http_options()}, retry_config=_RETRY)
    except Exception as error:
        raise UsageError(f"{uri}: not the URI of a bucket. It is s3://BUCKET/PREFIX, gs://… or az://…") from error


@contextlib.contextmanager
def explained(place: str, action: str, name: str, *, absent: bool = False) -> Iterator[None]:
    """Turns errors of obstore into StoreError of one or two lines: the place, what was done there, and why it failed.

    An object that is absent is FileNotFoundError, where it may be (`absent`). What the service answered is not
    repeated, as it may name keys.
    """
    from obstore.exceptions import BaseError, PreconditionError  # noqa: PLC0415 - `opened` has loaded it

    try:
        yield
    except FileNotFoundError as error:
        if absent:
            raise FileNotFoundError(f"{place}: there is no {name!r}") from None
        raise _store_error(place, action, name, error) from None
    except PreconditionError:
        raise ObjectChangedError(f"{place}: {name!r} has changed meanwhile.") from None
    except BaseError as error:
        raise _store_error(place, action, name, error) from None


def _store_error(place: str, action: str, name: str, error: Exception) -> StoreError:
    match = _HTTP_STATUS.search(str(error))
    status = int(match[1]) if match else 0
    cause, advice = _CAUSES.get(status, _SERVER_ERROR if status >= 500 else _REFUSED if status else _NO_ANSWER)
    code = f" (HTTP {status})" if status else ""
    what = f"{action} of {name!r}" if name else action
    return StoreError(f"{place}: {cause} on {what}{code}. {advice}")


def scan_options() -> dict[str, Any]:
    """What a scan of polars has to be told to read a bucket as `opened` does: arguments by name.

    polars takes credentials and endpoints from the same environment by itself.
    """
    options = {**_SCAN, **{name: str(value).lower() for name, value in _http_options().items()}}
    return {"storage_options": options, "credential_provider": None}


def _http_options() -> dict[str, bool]:
    """Allows requests without TLS where the environment names an endpoint without it, as on the own network."""
    plain = any(os.environ.get(name, "").startswith("http://") for name in _ENDPOINTS)
    return {"allow_http": True} if plain else {}
