"""The asking side of pack transfer: two connections to one peer, control and bulk (HTTP/2).

What is asked on the control connection never waits behind pixels. The bulk connection is thrown
away when the link stalls. Every answer is bounded by what was asked for.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

import httpx

from archipel.archive.model import StudyKey
from archipel.exchange.errors import Superseded
from archipel.exchange.manifest import MANIFEST_BYTES
from archipel.exchange.schedule import TransferClass
from archipel.kernel.errors import Exhausted, Malformed, NotFound, Refused, Unavailable
from archipel.protocols.peer.pack_answers import FRAME_HEAD

READ_S = 30.0  # for one chunk, from its first byte
CONTROL_S = 20.0
TURN_S = 600.0  # until a peer with much to send comes to us; silence is watched elsewhere
DIAL_ANSWERS = 3
_ERROR_BYTES = 4096
_GONE, _BUSY = 410, {429, 503}
_REFUSED, _UNKNOWN = {401, 403}, 404
_RETRY_S = 1.0
# What httpx and h2 let through when a connection dies under them.
BROKEN = (httpx.HTTPError, OSError, RuntimeError, KeyError, TimeoutError)


class Troubled(Unavailable):
    """The peer answers that it cannot: the link is well."""


class Busy(Exhausted):
    """The peer asks for patience."""

    def __init__(self, after_s: float) -> None:
        super().__init__("the peer asks to wait")
        self.after_s = after_s


@dataclass(slots=True)
class PackClient:
    """One peer. `dial` makes a client of one connection; `headers` say for whom we ask."""

    dial: Callable[[], httpx.AsyncClient]
    headers: Callable[[StudyKey, TransferClass], Mapping[str, str]]
    on_bytes: Callable[[int], None] = lambda _count: None
    on_answer: Callable[[float], None] = lambda _after_s: None
    connect_s: float = 2.0  # a cut line swallows the first word: better said again soon
    _control: httpx.AsyncClient | None = None
    _bulk: httpx.AsyncClient | None = None
    _burials: set[asyncio.Task[None]] = field(default_factory=set)

    async def manifest(self, key: StudyKey, of_class: TransferClass) -> tuple[str, bytes]:
        """Fetch the manifest of a study: digest as the peer says it, content.

        Raises `NotFound`, `Refused`, `Unavailable`, `Busy`, `Malformed`.
        """
        path = f"/x/1/studies/{key.tenant}/{key.study}"
        content, headers = await self._controlled(
            "GET", path, self.headers(key, of_class), most=MANIFEST_BYTES
        )
        return headers.get("archipel-manifest", ""), content

    async def lists(
        self, key: StudyKey, asked: Sequence[tuple[str, int]], sizes: Sequence[int]
    ) -> list[bytes]:
        """Fetch digests; `sizes` are their lengths. Raises as `manifest`, and `Superseded`."""
        most = sum(sizes) + FRAME_HEAD.size * len(sizes)
        content, _headers = await self._controlled(
            "POST",
            "/x/1/lists",
            self.headers(key, TransferClass.CONTROL),
            body={"lists": [list(pair) for pair in asked]},
            most=most,
        )
        return _frames(content, sizes)

    async def read(
        self, key: StudyKey, at: tuple[str, int], size_bytes: int, of_class: TransferClass
    ) -> bytes:
        """Fetch one chunk on the bulk connection. Raises as `lists`."""
        if self._bulk is None:
            self._bulk = self.dial()
        body = json.dumps({"class": of_class.value, "reads": [list(at)]}).encode()
        headers = dict(self.headers(key, of_class))
        expected = FRAME_HEAD.size + size_bytes
        began_s = time.monotonic()
        try:
            async with self._bulk.stream(
                "POST", "/x/1/read", content=body, headers=headers, timeout=self._patience
            ) as answer:
                self.on_answer(time.monotonic() - began_s)
                async with asyncio.timeout(READ_S):
                    await _checked(answer)
                    content = await self._taken(answer, expected)
        except BROKEN as broken:
            raise Unavailable(f"the link: {type(broken).__name__}") from broken
        return _frames(content, [size_bytes])[0]

    async def knock(self, answer_s: float) -> None:
        """Open the bulk connection and have it answered. Raises `Unavailable`.

        `answer_s` is how long the line may take to answer once: dialling takes three answers
        (TCP, TLS, HTTP), and a line that is cut fails at the first.
        """
        within_s = answer_s
        if self._bulk is None:
            self._bulk, within_s = self.dial(), DIAL_ANSWERS * answer_s
        began_s = time.monotonic()
        patience = httpx.Timeout(TURN_S, connect=answer_s)
        try:
            async with asyncio.timeout(within_s):
                answer = await self._bulk.get("/x/1/ready", timeout=patience)
        except BROKEN as broken:
            raise Unavailable(f"the link: {type(broken).__name__}") from broken
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise Troubled(f"the peer answers {answer.status_code}")
        self.on_answer(time.monotonic() - began_s)

    def renew(self) -> None:
        """Throw both connections away; the next request opens new ones."""
        for old in (self._bulk, self._control):
            if old is not None:
                burial = asyncio.create_task(_bury(old))
                self._burials.add(burial)
                burial.add_done_callback(self._burials.discard)
        self._bulk = self._control = None

    async def close(self) -> None:
        """Let the connections go."""
        self.renew()
        if self._burials:
            await asyncio.wait(self._burials, timeout=2)

    @property
    def _patience(self) -> httpx.Timeout:
        """Return what one request may take: its turn at the peer may come late."""
        return httpx.Timeout(TURN_S, connect=self.connect_s)

    async def _controlled(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        most: int,
        body: object = None,
    ) -> tuple[bytes, httpx.Headers]:
        if self._control is None:
            self._control = self.dial()
        content = None if body is None else json.dumps(body).encode()
        try:
            async with (
                asyncio.timeout(CONTROL_S),
                self._control.stream(
                    method, path, content=content, headers=dict(headers), timeout=self._patience
                ) as answer,
            ):
                await _checked(answer)
                return await self._taken(answer, most), answer.headers
        except BROKEN as broken:
            raise Unavailable(f"the link: {type(broken).__name__}") from broken

    async def _taken(self, answer: httpx.Response, most: int) -> bytes:
        content = bytearray()
        async for piece in answer.aiter_raw():
            self.on_bytes(len(piece))
            content += piece
            if len(content) > most:
                raise Malformed("the peer sends more than was asked for")
        return bytes(content)


async def _checked(answer: httpx.Response) -> None:
    """Raise what the status says."""
    if answer.status_code == httpx.codes.OK:
        return
    said = bytearray()
    with suppress(*BROKEN):
        async for piece in answer.aiter_raw():
            said += piece
            if len(said) > _ERROR_BYTES:
                break
    _refuse(answer)


def _refuse(answer: httpx.Response) -> NoReturn:
    status = answer.status_code
    if status == _GONE:
        raise Superseded("the study has changed at its home")
    if status in _BUSY:
        after = answer.headers.get("retry-after", "")
        raise Busy(min(60.0, float(after)) if after.isdigit() else _RETRY_S)
    if status in _REFUSED:
        raise Refused("the peer refuses: its scopes or agreement do not cover this study")
    if status == _UNKNOWN:
        raise NotFound("the peer offers no such study")
    if status < httpx.codes.INTERNAL_SERVER_ERROR:
        raise Malformed(f"the peer does not understand us: {status}")
    raise Troubled(f"the peer answers {status}")


def _frames(content: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Cut an answer into its frames. Raises `Malformed` unless they are as expected."""
    found, at = [], 0
    for index, size in enumerate(sizes):
        head = content[at : at + FRAME_HEAD.size]
        at += FRAME_HEAD.size
        if len(head) < FRAME_HEAD.size or FRAME_HEAD.unpack(head) != (index, size):
            raise Malformed("the peer sends frames other than those asked for")
        found.append(content[at : at + size])
        at += size
    if at != len(content):
        raise Malformed("the peer sends frames other than those asked for")
    return found


async def _bury(client: httpx.AsyncClient) -> None:
    with suppress(*BROKEN):
        await asyncio.wait_for(client.aclose(), 1)
