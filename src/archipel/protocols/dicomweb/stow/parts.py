"""A multipart/related body taken apart while it arrives (RFC 2387, PS3.18 section 8.6.1.2).

Nothing is gathered: each part's bytes go to its receiver as they come. Bounds on headers and
parts are kept by the parser; a body that ends before its closing boundary is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from archipel.kernel.errors import Malformed
from archipel.protocols.dicomweb.problem import TooLarge

MAX_BOUNDARY = 256  # RFC 2046 grants 70; some writers take more
MAX_HEADER_BYTES = 8_192
MAX_PREAMBLE_BYTES = 4_096


class PartReceiver(Protocol):
    """Where one part goes."""

    def write(self, data: memoryview) -> None:
        """Take the next bytes of the part; they may be reused after the call."""

    def end(self) -> None:
        """Learn that the part is complete."""

    def abandon(self) -> None:
        """Learn that the part will never be complete."""


OpenPart = Callable[[Mapping[str, str]], PartReceiver]
"""Opens a receiver for a part with these headers, their names in lower case."""


@dataclass(slots=True)
class PartSplitter:
    """Push bytes in with `write`, then `close`. Raises `Malformed`, `TooLarge`."""

    open_part: OpenPart
    most_parts: int
    parts: int = 0
    _receiver: PartReceiver | None = None
    _ended: bool = False
    _name: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _headers: dict[str, str] = field(default_factory=dict)
    _parser: MultipartParser | None = None
    _first: bytes = b""
    _before: bytearray | None = field(default_factory=bytearray)  # until the first boundary

    def start(self, boundary: str) -> None:
        """Set the boundary that Content-Type names."""
        if not 1 <= len(boundary) <= MAX_BOUNDARY or not boundary.isascii():
            raise Malformed("the boundary of a multipart body is 1 to 256 ASCII characters")
        self._first = b"--" + boundary.encode()
        self._parser = MultipartParser(
            boundary.encode(),
            {
                "on_part_begin": self._on_part_begin,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_end": self._on_end,
            },
            max_header_count=16,
            max_header_size=MAX_HEADER_BYTES,
        )

    def write(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        assert self._parser is not None, "start first"  # noqa: S101  (a bug of ours, not input)
        if self._before is not None:
            data = self._behind_preamble(data)
        try:
            self._parser.write(data)
        except FormParserError as failure:
            raise Malformed("the body is not the multipart it claims to be") from failure

    def _behind_preamble(self, data: bytes) -> bytes:
        """Pass over what stands before the first boundary (RFC 2046 section 5.1.1)."""
        assert self._before is not None  # noqa: S101  (asked by the caller)
        self._before += data
        start = self._before.find(self._first)
        while start > 0 and self._before[start - 1 : start] != b"\n":
            start = self._before.find(self._first, start + 1)
        if start >= 0:
            data, self._before = bytes(self._before[start:]), None
            return data
        if len(self._before) > MAX_PREAMBLE_BYTES:
            raise Malformed("no boundary comes: is it the one that Content-Type names?")
        return b""

    def close(self) -> None:
        """End the body. Raises `Malformed` when the closing boundary never came."""
        if not self._ended:
            raise Malformed("the body ends before its closing boundary: send it again")

    def abandon(self) -> None:
        """Let go of the part that is open, if any."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.abandon()

    def _on_part_begin(self) -> None:
        self.parts += 1
        if self.parts > self.most_parts:
            raise TooLarge(f"more than {self.most_parts} parts in one request")
        self._headers.clear()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        name = self._name.decode("latin-1").strip().lower()
        self._headers[name] = self._value.decode("latin-1").strip()
        self._name.clear()
        self._value.clear()

    def _on_headers_finished(self) -> None:
        self._receiver = self.open_part(dict(self._headers))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._receiver is not None:
            self._receiver.write(memoryview(data)[start:end])

    def _on_part_end(self) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.end()

    def _on_end(self) -> None:
        self._ended = True
