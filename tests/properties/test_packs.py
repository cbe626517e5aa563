"""Whatever is sealed comes back; whatever is no pack is told apart from one."""

import contextlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from archipel.archive.model import Held, InstanceKey, JournalPlace, PackPlace, Receipt, SeriesKey
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.packs import format as form
from archipel.stores.packs.files import FileRanges
from archipel.stores.packs.index import Packed, pack_index, unpack_index
from archipel.stores.packs.reader import PartReader
from archipel.stores.packs.writer import PartWriter, Source

KEY = SeriesKey(TenantId("ch-ouest"), Uid("2.25.100"), Uid("2.25.101"))
SYNTAXES = [
    *("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"),
    *("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"),
]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def element(group: int, number: int, value: bytes) -> bytes:
    """Write an element of explicit little endian whose length is right."""
    return b"".join(
        [
            group.to_bytes(2, "little"),
            number.to_bytes(2, "little"),
            b"OB\0\0",
            len(value).to_bytes(4, "little"),
            value,
        ]
    )


VALUES = st.one_of(
    st.binary(max_size=200),
    st.integers(0, 60_000).map(bytes),
    st.just(b"\xfe\xff\x00\xe0\xff\xff\xff\xff" * 9),
)
ELEMENTS = st.builds(element, st.sampled_from([8, 0x28, 0x7FE0]), st.integers(0, 0x11), VALUES)
CONTENTS = st.one_of(st.binary(max_size=400), st.lists(ELEMENTS, max_size=6).map(b"".join))


def _source(content: bytes, number: int, syntax: str) -> Source:
    receipt = Receipt(
        tenant=KEY.tenant,
        patient_issuer="CHO",
        source="CT1",
        peer="",
        door="dimse",
        association="",
        sop_class=Uid("1.2"),
        sop_instance=Uid(f"2.25.{number}"),
        transfer_syntax=Uid(syntax),
        digest=blake3(content).digest(),
        received_at=EPOCH,
        header={},
    )
    held = Held(
        tenant=KEY.tenant,
        key=InstanceKey(KEY.study, KEY.series, receipt.sop_instance),
        sop_class=receipt.sop_class,
        transfer_syntax=receipt.transfer_syntax,
        size_bytes=len(content),
        digest=receipt.digest,
        number=number,
        frames=1,
        received_at=EPOCH,
        source="CT1",
        place=JournalPlace(1, 64),
    )
    return Source(held, receipt, b"meta", memoryview(content), b"{}")


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(CONTENTS, st.sampled_from(SYNTAXES)), min_size=1, max_size=4))
def test_any_bytes_come_back_from_a_pack(sent: list[tuple[bytes, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "part")
        writer = PartWriter(path, KEY, generation=1, part=0, first_entry=0)
        for number, (content, syntax) in enumerate(sent):
            writer.add(_source(content, number, syntax))
        writer.finish(parts=1)

        part = PartReader(FileRanges(path, "part"))

        entries = part.directory.entries
        assert [b"".join(part.pieces(e)) for e in entries] == [content for content, _ in sent]
        assert [part.meta(e) for e in entries] == [b"meta"] * len(sent)
        assert len(part.receipts()) == len(sent)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_other_bytes_are_no_pack(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "part")
        path.write_bytes(content)
        with contextlib.suppress(Malformed):
            PartReader(FileRanges(path, "part"))

    with contextlib.suppress(Malformed):
        form.unpack(content, form.Directory)
    with contextlib.suppress(Malformed):
        unpack_index(content, key=KEY, pack="p")


UIDS = st.integers(0, 2**100).map(lambda n: Uid(f"2.25.{n}"))
PACKED = st.builds(
    lambda uid, sop_class, size, digest, number, frames, ms, source, attributes: Packed(
        Held(
            tenant=KEY.tenant,
            key=InstanceKey(KEY.study, KEY.series, uid),
            sop_class=sop_class,
            transfer_syntax=Uid("1.2.840.10008.1.2.1"),
            size_bytes=size,
            digest=digest,
            number=number,
            frames=frames,
            received_at=EPOCH + ms * datetime.resolution * 1000,
            source=source,
            place=PackPlace("p", 0),
        ),
        attributes,
    ),
    UIDS,
    UIDS,
    st.integers(0, 2**40),
    st.binary(min_size=32, max_size=32),
    st.none() | st.integers(-(2**31), 2**31),
    st.integers(0, 10_000),
    st.integers(0, 2**42),
    st.text(max_size=9),
    st.dictionaries(st.sampled_from([0x00200013, 0x00280010, 0x00080008]), st.text(max_size=9)),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PACKED, max_size=6))
def test_the_index_of_a_pack_comes_back(packed: list[Packed]) -> None:
    again = unpack_index(pack_index(packed), key=KEY, pack="p")

    assert [(a.attributes, a.held.number, a.held.key) for a in again] == [
        (p.attributes, p.held.number, p.held.key) for p in packed
    ]
    assert [a.held.place for a in again] == [PackPlace("p", n) for n in range(len(packed))]
    for field in ("digest", "size_bytes", "frames", "received_at", "source", "sop_class"):
        assert [getattr(a.held, field) for a in again] == [getattr(p.held, field) for p in packed]
