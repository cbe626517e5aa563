"""A batch of facts as bytes: one line of JSON on the whole, then a line for each link, zstd.

A hash is not sent where it follows from what is: the reader computes each link's from its
content and the one before. What is read is bounded before it is believed.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import zstandard

from archipel.exchange import chain
from archipel.exchange.model import Batch, Cursor, Fact, Head, Link, LogName, Proven, Stub
from archipel.kernel.errors import ArchipelError, Malformed

MEDIA_TYPE = "application/vnd.archipel.facts"
UNPACKED_BYTES = 32 << 20
PACKED_BYTES = 16 << 20
LOGS = 512  # in one cursor
URGENT = 64  # in one answer
_LEVEL = 6
_FACT, _STUB = b"F", b"S"


def packed(batch: Batch) -> bytes:
    """Write a batch."""
    starts: dict[str, str] = {}
    lines = [b""]
    for link in batch.links:
        starts.setdefault(str(link.log), link.previous)
        lines.append(_line(link))
    lines[0] = chain.canonical(
        {
            "v": 1,
            "terms": batch.terms,
            "more": batch.more,
            "starts": starts,
            "heads": [_head(head) for head in batch.heads],
            "urgent": [
                {
                    "fact": one.fact.content.decode(),
                    "prev": one.fact.previous,
                    "head": _head(one.head),
                }
                for one in batch.urgent
            ],
        }
    )
    return zstandard.ZstdCompressor(level=_LEVEL).compress(b"\n".join(lines))


def unpacked(content: bytes) -> Batch:
    """Read a batch. Raises `Malformed`."""
    try:
        # The size a frame states is the sender's word: output is cut where it is too much.
        unpacking = zstandard.ZstdDecompressor(max_window_size=UNPACKED_BYTES)
        reader = unpacking.stream_reader(content)
        plain = reader.read(UNPACKED_BYTES + 1)
    except zstandard.ZstdError as unreadable:
        raise Malformed("a batch of facts that is no zstd frame") from unreadable
    if len(plain) > UNPACKED_BYTES:
        raise Malformed(f"a batch of facts of more than {UNPACKED_BYTES} bytes")
    first, *lines = plain.split(b"\n")
    try:
        said = json.loads(first)
        heads = tuple(_read_head(one) for one in said["heads"])
        links = tuple(_read_links(lines, dict(said["starts"])))
        return Batch(
            links=links,
            heads=heads,
            terms=str(said["terms"]),
            more=said["more"] is True,
            urgent=tuple(map(_read_urgent, said.get("urgent", [])[:URGENT])),
        )
    except ArchipelError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as unreadable:
        raise Malformed("a batch of facts that cannot be read") from unreadable


def cursor_text(cursor: Cursor) -> str:
    """Write a cursor: `mq.3:118,gp.1:9921`."""
    return ",".join(f"{log}:{needed}" for log, needed in sorted(cursor.items()))


def cursor_of(text: str) -> Cursor:
    """Read a cursor. Raises `Malformed`."""
    cursor: dict[str, int] = {}
    parts = text.split(",") if text else []
    if len(parts) > LOGS:
        raise Malformed(f"a cursor over more than {LOGS} logs")
    for part in parts:
        log, _, needed = part.partition(":")
        if not needed.isascii() or not needed.isdigit():
            raise Malformed(f"not a cursor, such as mq.3:118: {part[:64]!r}")
        cursor[str(LogName.parse(log))] = int(needed[:18])
    return cursor


def _line(link: Link) -> bytes:
    if isinstance(link, Fact):
        return _FACT + link.content
    return _STUB + f"{link.log} {link.sequence} {link.clock} {link.digest}".encode()


def _read_links(lines: Iterable[bytes], starts: dict[str, Any]) -> Iterable[Link]:
    before: dict[str, str] = {log: str(previous) for log, previous in starts.items()}
    if not all(map(chain.is_hash, before.values())):
        raise Malformed("a batch of facts that begins behind no hash")
    for line in lines:
        link = _read_link(line, before)
        before[str(link.log)] = link.hash
        yield link


def _read_link(line: bytes, before: dict[str, str]) -> Link:
    if line[:1] == _FACT:
        log = json.loads(line[1:])["log"]
        return chain.read(line[1:], previous=before[log])
    if line[:1] != _STUB:
        raise Malformed("a batch of facts with a line of another kind")
    log, sequence, clock, digest = line[1:].decode("ascii").split(" ")
    if not chain.is_hash(digest):
        raise Malformed("a stub without a digest")
    return Stub(
        log=LogName.parse(log),
        sequence=int(sequence[:18]),
        clock=clock,
        digest=digest,
        previous=before[log],
        hash=chain.hashed(before[log], digest),
    )


def _head(head: Head) -> dict[str, Any]:
    return {
        "log": str(head.log),
        "seq": head.sequence,
        "hash": head.hash,
        "at": head.at.isoformat(),
        "sig": head.signature.hex(),
        "cert": head.certificate,
    }


def _read_urgent(said: dict[str, Any]) -> Proven:
    told = chain.read(said["fact"].encode(), previous=said["prev"])
    return Proven(told, _read_head(said["head"]))


def _read_head(said: dict[str, Any]) -> Head:
    at = datetime.fromisoformat(said["at"])
    if at.tzinfo is None or type(said["seq"]) is not int:
        raise Malformed("a head without a time or a number")
    return Head(
        log=LogName.parse(said["log"]),
        sequence=said["seq"],
        hash=str(said["hash"]),
        at=at,
        signature=bytes.fromhex(said["sig"]),
        certificate=str(said["cert"]),
    )
