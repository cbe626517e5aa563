"""Answers of the pack server: frames of u32 index, u32 length, bytes, let go turn by turn."""

import asyncio
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from archipel.exchange.schedule import TransferClass
from archipel.protocols.peer.egress import EgressPump

FRAMES = "application/vnd.archipel.frames"
FRAME_HEAD = struct.Struct(">II")


@dataclass(frozen=True, slots=True)
class Piece:
    """One frame of an answer: its index in the request and how its bytes are had."""

    index: int
    size_bytes: int
    read: Callable[[], bytes]


def frame(index: int, content: bytes) -> bytes:
    """Return one frame."""
    return FRAME_HEAD.pack(index, len(content)) + content


class Shaped(Response):
    """Pieces that wait for their turn. Ends at once when the asker is gone."""

    media_type = FRAMES

    def __init__(
        self, pieces: Sequence[Piece], *, egress: EgressPump, peer: str, of_class: TransferClass
    ) -> None:
        super().__init__()
        self._pieces, self._egress = pieces, egress
        self._peer, self._class = peer, of_class
        total = sum(FRAME_HEAD.size + piece.size_bytes for piece in pieces)
        self.headers["content-length"] = str(total)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces (ASGI)."""
        gone = asyncio.create_task(_disconnected(receive))
        try:
            for number, piece in enumerate(self._pieces):
                if not await self._turn(piece, gone):
                    return
                content = await asyncio.to_thread(piece.read)
                if number == 0:
                    await send(
                        {
                            "type": "http.response.start",
                            "status": self.status_code,
                            "headers": self.raw_headers,
                        }
                    )
                await send(
                    {
                        "type": "http.response.body",
                        "body": frame(piece.index, content),
                        "more_body": number + 1 < len(self._pieces),
                    }
                )
        finally:
            gone.cancel()

    async def _turn(self, piece: Piece, gone: asyncio.Task[None]) -> bool:
        """Wait for a turn; False when the asker is gone before."""
        size = FRAME_HEAD.size + piece.size_bytes
        turn = asyncio.create_task(self._egress.turn(self._peer, self._class, size))
        await asyncio.wait({turn, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not turn.done():
            turn.cancel()
            return False
        turn.result()
        return True


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
