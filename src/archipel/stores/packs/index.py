"""What a pack holds, packed for the database: one blob for each sealed series.

Columns in msgpack under zstd. What is alike in a series costs nothing: a column of one value is
that value, integers are differences, UIDs lose their common beginning. What is left is random: 32
bytes of digest and what a UID has of its own. Times keep milliseconds; the pack keeps them whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any

import msgspec
import zstandard

from archipel.archive.model import Header, Held, InstanceKey, PackPlace, SeriesKey
from archipel.kernel.errors import Malformed
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.standards.dicom.attributes import INDEXED

_VERSION = 1
_LEVEL = 12
_MAX_BYTES = 1 << 30  # of an index, unpacked: a million instances need a tenth
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DIGEST_BYTES = 32
_OF_ITS_OWN = {  # columns of the index already, under another name
    0x00080016,
    0x00080018,
}
_IMAGE_TAGS = tuple(
    sorted(t for t, a in INDEXED.items() if a.level is Level.IMAGE and t not in _OF_ITS_OWN)
)


@dataclass(frozen=True, slots=True)
class Packed:
    """One instance of a sealed series, and its indexed attributes of image level."""

    held: Held
    attributes: Header


class _Columns(msgspec.Struct, array_like=True, frozen=True):
    version: int
    count: int
    uid_prefix: str
    uids: list[str]
    classes: Any
    syntaxes: Any
    sizes: list[int]
    digests: bytes
    numbers: Any
    frames: Any
    received_ms: list[int]
    sources: Any
    attributes: dict[int, Any]


def pack_index(instances: Sequence[Packed]) -> bytes:
    """Pack the instances of one pack, in its order."""
    held = [one.held for one in instances]
    uids = [str(h.key.sop_instance) for h in held]
    prefix = _common_beginning(uids)
    columns = _Columns(
        _VERSION,
        len(held),
        prefix,
        [uid[len(prefix) :] for uid in uids],
        _column([str(h.sop_class) for h in held]),
        _column([str(h.transfer_syntax) for h in held]),
        _differences([h.size_bytes for h in held]),
        b"".join(h.digest for h in held),
        _numbers([h.number for h in held]),
        _column([h.frames for h in held]),
        _differences([(h.received_at - _EPOCH) // _MILLISECOND for h in held]),
        _column([h.source for h in held]),
        {
            tag: _column([one.attributes.get(tag) for one in instances])
            for tag in _IMAGE_TAGS
            if any(tag in one.attributes for one in instances)
        },
    )
    return zstandard.ZstdCompressor(level=_LEVEL).compress(msgspec.msgpack.encode(columns))


def unpack_index(content: bytes, *, key: SeriesKey, pack: str) -> list[Packed]:
    """Read what `pack_index` wrote for the pack named `pack`. Raises `Malformed`."""
    try:
        plain = zstandard.ZstdDecompressor().decompress(content, max_output_size=_MAX_BYTES)
        columns = msgspec.msgpack.decode(plain, type=_Columns)
        return list(_rows(columns, key, pack))
    except (
        zstandard.ZstdError, msgspec.DecodeError, ValueError, TypeError, OverflowError,
    ) as error:  # fmt: skip
        raise Malformed(f"the index of pack {pack} cannot be read: {error}") from error


def _rows(columns: _Columns, key: SeriesKey, pack: str) -> Sequence[Packed]:
    count = columns.count
    if columns.version != _VERSION or not 0 <= count <= len(columns.digests) // _DIGEST_BYTES:
        raise ValueError(f"version {columns.version}, {count} instances")
    attributes: list[dict[int, str]] = [{} for _ in range(count)]
    for tag, column in columns.attributes.items():
        for row, value in zip(attributes, _spread(column, count), strict=True):
            if value is not None:
                row[tag] = str(value)
    cells = zip(
        columns.uids,
        _spread(columns.classes, count),
        _spread(columns.syntaxes, count),
        accumulate(columns.sizes),
        _spread_numbers(columns.numbers),
        _spread(columns.frames, count),
        accumulate(columns.received_ms),
        _spread(columns.sources, count),
        strict=True,
    )
    uid_of = _Uids()
    return [
        Packed(
            Held(
                tenant=key.tenant,
                key=InstanceKey(key.study, key.series, Uid(columns.uid_prefix + uid)),
                sop_class=uid_of(sop_class),
                transfer_syntax=uid_of(syntax),
                size_bytes=size,
                digest=columns.digests[entry * _DIGEST_BYTES : (entry + 1) * _DIGEST_BYTES],
                number=number,
                frames=frames,
                received_at=_EPOCH + _MILLISECOND * received,
                source=source,
                place=PackPlace(pack, entry),
            ),
            attributes[entry],
        )
        for entry, (uid, sop_class, syntax, size, number, frames, received, source) in enumerate(
            cells
        )
    ]


class _Uids(dict[str, Uid]):
    """UIDs that repeat, made once."""

    def __call__(self, text: str) -> Uid:
        if text not in self:
            self[text] = Uid(text)
        return self[text]


def _common_beginning(texts: list[str]) -> str:
    if not texts:
        return ""
    first, last = min(texts), max(texts)
    alike = (n for n, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1])
    return first[: next(alike, min(len(first), len(last)))]


def _column(values: list[Any]) -> Any:
    """Write a column: its one value in a list of one, or every value."""
    return [values[0]] if values and all(v == values[0] for v in values) else values


def _spread(column: Any, count: int) -> list[Any]:
    values = list(column)
    return values * count if len(values) == 1 else values


def _differences(values: list[int]) -> list[int]:
    return [b - a for a, b in pairwise([0, *values])]


def _numbers(values: list[int | None]) -> Any:
    """Write instance numbers: differences where each has one, else as they are, under a mark."""
    known = [v for v in values if v is not None]
    return [True, _differences(known)] if len(known) == len(values) else [False, values]


def _spread_numbers(column: Any) -> list[int | None]:
    every, values = column
    return list(accumulate(values)) if every else list(values)
