"""What a client may keep, and pieces of it: ETag, 304, 206 (RFC 9110 sections 8.8, 13, 14).

A stored instance never changes, so what is made of it may be kept for good, by this client
alone; `Vary: Cookie, Authorization` keeps the next person at the same screen from being served
out of the first one's browser cache.
"""

import hashlib
import re
from collections.abc import Iterable

from starlette.requests import Request

IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"  # kept, but asked about each time: a series may still grow
VARY = "Accept, Accept-Encoding, Cookie, Authorization"

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def etag_of(*parts: bytes | str | int) -> str:
    """Make a strong entity tag for what these parts determine."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        state.update(part if isinstance(part, bytes) else str(part).encode())
        state.update(b"\0")
    return f'"{state.hexdigest()}"'


def etag_of_all(digests: Iterable[bytes], *parts: str | int) -> str:
    """Make a strong entity tag for a set of instances in one presentation."""
    return etag_of(b"".join(digests), *parts)


def headers_of(etag: str, *, immutable: bool) -> dict[str, str]:
    """Return the headers of a response that may be kept under `etag`."""
    return {
        "ETag": etag,
        "Cache-Control": IMMUTABLE if immutable else REVALIDATE,
        "Vary": VARY,
    }


def is_held_by_client(request: Request, etag: str) -> bool:
    """Tell whether the client has this already: If-None-Match, compared weakly."""
    asked = request.headers.get("if-none-match", "")
    if asked.strip() == "*":
        return True
    return etag in (candidate.strip().removeprefix("W/") for candidate in asked.split(","))


def range_asked(request: Request, etag: str, total: int) -> tuple[int, int] | None:
    """Read the piece asked for as (first, end), end excluded, of a body of `total` bytes.

    None: no usable Range, send it whole (RFC 9110 14.2). An empty pair (total, total) means that
    the range lies beyond the end: 416.
    """
    if_range = request.headers.get("if-range")
    if if_range is not None and if_range.strip() != etag:
        return None
    match = _RANGE.fullmatch(request.headers.get("range", "").strip().replace(" ", ""))
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:  # the last n bytes
        length = int(match[2])
        return (max(0, total - length), total) if length else (total, total)
    first = int(match[1])
    last = int(match[2]) if match[2] else total - 1
    if last < first:
        return (total, total) if first >= total else None
    return (first, min(last + 1, total)) if first < total else (total, total)
