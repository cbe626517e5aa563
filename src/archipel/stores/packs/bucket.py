"""An S3 bucket: put a file, read a range, list, delete. Every call ends within bounds.

A store that hangs is given up after seconds, one that errs is asked again a few times by the
client; then the caller hears `Unavailable`, and durable work tries again later.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from archipel.kernel.errors import Malformed, NotFound, Unavailable

PART_BYTES = 8 << 20  # of a multipart upload
_AT_ONCE = 4  # parts of one upload under way
_CONNECT_S = 3
_READ_S, _WRITE_S = 5, 30  # without a byte of the answer; a write sends its own first
_LONGEST_S = 120
_BACKOFF = {
    "init_backoff": timedelta(milliseconds=100),
    "max_backoff": timedelta(seconds=1),
    "base": 2,
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketAddress:
    """Where a bucket is and who we are there. Without keys the environment's are taken."""

    url: str  # s3://bucket/prefix
    endpoint: str = ""  # of another store than Amazon's: https://host:port
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One object of a listing."""

    name: str
    size_bytes: int
    at: datetime


class Bucket:
    """One prefix of one bucket. For any thread; made after a fork, never before."""

    def __init__(self, address: BucketAddress) -> None:
        """Connect lazily. Raises `Malformed` when the address is none."""
        parts = urlsplit(address.url)
        if parts.scheme != "s3" or not parts.netloc:
            raise Malformed(f"objects.url is s3://bucket or s3://bucket/prefix: {address.url!r}")
        known: dict[str, Any] = {"region": address.region}
        if address.endpoint:
            known["endpoint"] = address.endpoint
        if address.access_key:
            known["access_key_id"] = address.access_key
            known["secret_access_key"] = address.secret_key

        def store(patience_s: float) -> Any:
            options = {
                "allow_http": address.endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=_CONNECT_S),
                "read_timeout": timedelta(seconds=patience_s),
                "timeout": timedelta(seconds=_LONGEST_S),
            }
            return S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                virtual_hosted_style_request=False,
                client_options=options,
                # What errs at once is asked again; what took all its time is not.
                retry_config={
                    "max_retries": 2,
                    "backoff": _BACKOFF,
                    "retry_timeout": timedelta(seconds=patience_s * 0.8),
                },
                **known,
            )

        self._store, self._slow = store(_READ_S), store(_WRITE_S)

    def put(self, name: str, content: bytes | Path) -> None:
        """Put an object, whole or not at all; a large file in parts. Raises `Unavailable`."""
        self._said(
            name,
            lambda: obstore.put(
                self._slow, name, content, chunk_size=PART_BYTES, max_concurrency=_AT_ONCE
            ),
        )

    def get(self, name: str) -> bytes:
        """Return a small object. Raises `NotFound`, `Unavailable`."""
        return self._said(name, lambda: bytes(obstore.get(self._store, name).bytes()))

    def range(self, name: str, start: int, length: int) -> bytes:
        """Return bytes of an object. Raises `NotFound`, `Unavailable`."""
        return self._said(
            name,
            lambda: bytes(obstore.get_range(self._store, name, start=start, length=length)),
        )

    def exists(self, name: str) -> bool:
        """Tell whether there is such an object. Raises `Unavailable`."""
        try:
            self._said(name, lambda: obstore.head(self._store, name))
        except NotFound:
            return False
        return True

    def delete(self, name: str) -> None:
        """Delete an object; one that is gone already is no error. Raises `Unavailable`."""
        try:
            self._said(name, lambda: obstore.delete(self._store, name))
        except NotFound:
            return

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """Give every object whose name begins with whole segments of `prefix`."""
        listing = self._said(prefix, lambda: iter(obstore.list(self._store, prefix or None)))
        while page := self._said(prefix, lambda: next(listing, None)):
            for one in page:
                yield Listed(one["path"], one["size"], one["last_modified"])

    def _said(self, name: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except FileNotFoundError:
            raise NotFound(f"object {name} is not in the store") from None
        except (BaseError, OSError) as failure:
            # Its words may hold addresses and keys of requests: the first line says enough.
            words = str(failure).splitlines()[0][:200] if str(failure) else "no answer"
            raise Unavailable(f"the object store, {name}: {words}") from failure
