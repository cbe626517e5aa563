"""A signed version inside the fact that tells of it: what the asking site waits for is text.

Canonical bytes travel as they are while they are short, and compressed (zlib, RFC 1950, in
base64) where they are long: a fact has at most 64 KiB. What comes is held against the digest it
is named by, so that nobody can be given another text than was signed.
"""

import binascii
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from archipel.exchange.chain import CONTENT_BYTES
from archipel.kernel.errors import Malformed
from archipel.reading import canonical
from archipel.reading.document import Document
from archipel.reading.errors import ReportTooLong

PLAIN_BYTES = 24 << 10
MOST_BYTES = 1 << 20
"""A report longer than this travels in no fact, however well it is packed."""
BESIDE_BYTES = 8 << 10
"""What else stands in such a fact: who signed, what it was written upon, what its writer knew."""
PACKED_BYTES = CONTENT_BYTES - BESIDE_BYTES


def carried(content: bytes) -> dict[str, str]:
    """Write canonical bytes as members of a fact's body.

    Raises `ReportTooLong` for what no fact can hold. Whoever signs asks this first, so that a
    report that was signed is always told.
    """
    if len(content) > MOST_BYTES:
        raise ReportTooLong(len(content), MOST_BYTES)
    if len(content) <= PLAIN_BYTES:
        return {"content": content.decode()}
    packed = b64encode(zlib.compress(content, 9)).decode()
    if len(packed) > PACKED_BYTES:
        raise ReportTooLong(len(packed), PACKED_BYTES)
    return {"packed": packed}


def document_of(body: Mapping[str, Any]) -> tuple[Document, bytes]:
    """Read the version that a fact ``report.signed`` carries, and its bytes.

    Raises `Malformed` when there is none, or another than the fact names.
    """
    content = _content(body)
    if canonical.digest_of(content) != body.get("document"):
        raise Malformed("a fact carries another report than it names")
    return canonical.read(content), content


def _content(body: Mapping[str, Any]) -> bytes:
    plain, packed = body.get("content"), body.get("packed")
    try:
        if isinstance(plain, str):
            return plain.encode()
        if isinstance(packed, str):
            unpacking = zlib.decompressobj()
            content = unpacking.decompress(b64decode(packed, validate=True), MOST_BYTES)
            if unpacking.eof:
                return content
    except (ValueError, binascii.Error, zlib.error):
        pass
    raise Malformed("a fact that carries no readable report")
