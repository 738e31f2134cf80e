"""Buckets of object storage, by obstore: how one is opened, and what its errors say.

Credentials and endpoints come from where obstore takes them: the environment, and the machine or pod itself. They are
never part of a URI, of an error or of a file of a run.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from logcorr.model.errors import StoreError, UsageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES = ("s3://", "s3a://", "gs://", "az://")
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_HTTP_STATUS = re.compile(r"status code: (\d{3})")
_CAUSES = {
    301: ("the bucket is in another region", "Set AWS_REGION to the region of the bucket."),
    307: ("the bucket is in another region", "Set AWS_REGION to the region of the bucket."),
    401: ("no valid credentials", "Set the credentials of the bucket in the environment of every worker."),
    403: ("access denied", "Check the credentials in the environment of every worker, and what they may do there."),
    404: ("no such bucket", "Check its name and AWS_REGION."),
    429: ("too many requests", "Give fewer workers, or try again later."),
    503: ("the service asks for fewer requests", "Give fewer workers, or try again later."),
}
_REFUSED = ("the service refused", "Check the URI and AWS_REGION.")
_SERVER_ERROR = ("the service failed", "Try again later.")
_NO_ANSWER = ("no answer", "Check the endpoint, and that every worker reaches it.")


def is_uri(word: str) -> bool:
    """Whether a word names an object or a prefix of a bucket, rather than a file or a folder."""
    return word.startswith(SCHEMES)


def opened(uri: str) -> "ObjectStore":
    """The bucket and prefix at a URI. Nothing is asked of it yet.

    Raises UsageError where obstore is not installed, or the URI is none.
    """
    try:
        from obstore.store import from_url  # noqa: PLC0415 - not everybody has it
    except ModuleNotFoundError as error:
        if error.name != "obstore":
            raise
        raise UsageError(
            f"{uri}: the package obstore, which reads buckets, is not here. pip install 'logcorr[s3]'"
        ) from error
    try:
        return from_url(uri, client_options={"allow_http": True} if _plain_http() else None)
    except Exception as error:
        raise UsageError(f"{uri}: not the URI of a bucket. It is s3://BUCKET/PREFIX, gs://… or az://…") from error


@contextlib.contextmanager
def explained(uri: str, action: str, name: str, *, absent: bool = False) -> Iterator[None]:
    """Turns errors of obstore into StoreError of one or two lines.

    An object that is absent is FileNotFoundError, where it may be (`absent`). What the service answered is not
    repeated, as it may name keys.
    """
    from obstore.exceptions import BaseError  # noqa: PLC0415 - `opened` has loaded it

    try:
        yield
    except FileNotFoundError as error:
        if absent:
            raise FileNotFoundError(f"{uri}: there is no {name!r}") from None
        raise _store_error(uri, action, name, error) from None
    except BaseError as error:
        raise _store_error(uri, action, name, error) from None


def _store_error(uri: str, action: str, name: str, error: Exception) -> StoreError:
    match = _HTTP_STATUS.search(str(error))
    status = int(match[1]) if match else 0
    cause, advice = _CAUSES.get(status, _SERVER_ERROR if status >= 500 else _REFUSED if status else _NO_ANSWER)
    code = f" (HTTP {status})" if status else ""
    return StoreError(f"store {uri}: {cause} on {action} of {name!r}{code}. {advice}")


def _plain_http() -> bool:
    """Whether the environment names an endpoint without TLS, as services on the own network have."""
    return any(os.environ.get(name, "").startswith("http://") for name in _ENDPOINTS)


def scan_parquet(uris: Sequence[str]) -> pl.LazyFrame:
    """A scan of all rows of Parquet objects of one schema, by ranges: only what a query needs is read."""
    return pl.scan_parquet(list(uris), glob=False, storage_options=_scan_options(), credential_provider=None)


def _scan_options() -> dict[str, str]:
    """What polars has to be told beside the environment, which it reads as obstore does."""
    return {"allow_http": "true"} if _plain_http() else {}
