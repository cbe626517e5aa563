"""Bodies sent in pieces, never joined.

Joining a frame to its multipart head costs more than all the rest of the request. Bodies are
multipart/related as PS3.18 section 8.6.1.2 wants. The boundary is derived from the entity
tag, so that a body is the same bytes each time and a range of it means something.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import chain

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from archipel.protocols.dicomweb import caching

BATCH_BYTES = 1 << 20  # gathered by one visit to a thread


class PiecesResponse(Response):
    """A body of known pieces."""

    def __init__(
        self,
        pieces: Sequence[bytes],
        *,
        media_type: str,
        status: int = 200,
        headers: dict[str, str],
    ) -> None:
        self.pieces = pieces
        length = str(sum(map(len, pieces)))
        super().__init__(None, status, {**headers, "content-length": length}, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send head and pieces."""
        del receive  # nothing more is expected of the client
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            for piece in self.pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def conditional(
    request: Request,
    pieces: Sequence[bytes],
    *,
    etag: str,
    media_type: str,
    immutable: bool = True,
    extra: dict[str, str] | None = None,
) -> Response:
    """Answer 200, 206, 304 or 416 as the request's conditions want."""
    headers = {**caching.headers_of(etag, immutable=immutable), **(extra or {})}
    if caching.is_held_by_client(request, etag):
        return Response(None, 304, headers)
    headers["Accept-Ranges"] = "bytes"
    total = sum(map(len, pieces))
    piece = caching.range_asked(request, etag, total)
    if piece is None:
        return PiecesResponse(pieces, media_type=media_type, headers=headers)
    first, end = piece
    if first == end:
        headers["Content-Range"] = f"bytes */{total}"
        return Response(None, 416, headers)
    headers["Content-Range"] = f"bytes {first}-{end - 1}/{total}"
    cut = _cut(pieces, first, end)
    return PiecesResponse(cut, media_type=media_type, status=206, headers=headers)


def _cut(pieces: Sequence[bytes], first: int, end: int) -> list[bytes]:
    found, position = [], 0
    for piece in pieces:
        low, high = max(first - position, 0), min(end - position, len(piece))
        if low < high:
            found.append(piece[low:high])
        position += len(piece)
    return found


def streamed(pieces: Iterator[bytes], *, media_type: str, headers: dict[str, str]) -> Response:
    """Answer 200 with a body made while it is sent.

    The first pieces are made here, so that what fails at once still gets its own status; a
    failure after that breaks the connection, which is how a client learns of it.
    """
    first = _gather(pieces)
    return StreamingResponse(_batches(first, pieces), 200, headers, media_type)


def _gather(pieces: Iterator[bytes]) -> list[bytes]:
    found, size = [], 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size >= BATCH_BYTES:
            break
    return found


async def _batches(first: list[bytes], pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    batch = first
    while batch:
        for piece in batch:
            yield piece
        batch = await run_in_threadpool(_gather, pieces)


class Multipart:
    """multipart/related of one kind of part."""

    def __init__(self, etag: str, part_type: str) -> None:
        self.boundary = "archipel." + etag.strip('"')
        self.media_type = f'multipart/related; type="{part_type}"; boundary={self.boundary}'

    def head(self, part_type: str, location: str | None = None) -> bytes:
        """Return the lines before one part."""
        where = f"Content-Location: {location}\r\n" if location else ""
        return f"\r\n--{self.boundary}\r\nContent-Type: {part_type}\r\n{where}\r\n".encode()

    @property
    def tail(self) -> bytes:
        """The line that closes the last part."""
        return f"\r\n--{self.boundary}--\r\n".encode()

    def around(self, parts: Iterator[tuple[bytes, Iterator[bytes]]]) -> Iterator[bytes]:
        """Make the whole body from (head, pieces) of each part."""
        for head, pieces in parts:
            yield from chain((head,), pieces)
        yield self.tail
