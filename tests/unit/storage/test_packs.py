"""A sealed series gives every instance back bit for bit, and its frames one by one."""

import gzip
import io
import json
import struct
import zlib
from dataclasses import replace

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from archipel.archive.errors import DamagedContent
from archipel.archive.model import PackPlace, SeriesKey
from archipel.kernel.errors import Malformed, NotFound, Unavailable
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.packs.index import unpack_index
from archipel.stores.packs.store import PackStore, pack_key

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
RPCL = "1.2.840.10008.1.2.4.202"
JPEG = "1.2.840.10008.1.2.4.50"


def _sealed(shelf, contents, syntaxes=None):
    held = [
        shelf.receive(content, number=n, syntax=(syntaxes or {}).get(n, EXPLICIT))
        for n, content in enumerate(contents)
    ]
    return list(shelf.seal(held).instances)


def test_a_series_comes_back_bit_for_bit_and_smaller(shelf, image, smooth) -> None:
    contents = [image(smooth + n, number=n) for n in range(10)]
    held = [shelf.receive(content, number=n) for n, content in enumerate(contents)]

    sealed = shelf.seal(held)

    assert [shelf.contents.dataset(one) for one in sealed.instances] == contents
    assert sealed.size_bytes < sum(map(len, contents)) / 2
    assert [one.place for one in sealed.instances] == [
        PackPlace(sealed.pack, n) for n in range(10)
    ]
    assert [
        replace(one, place=h.place) for one, h in zip(sealed.instances, held, strict=True)
    ] == held


def test_a_part10_file_is_the_same_before_and_after_sealing(shelf, image, smooth) -> None:
    held = shelf.receive(image(smooth))
    before = b"".join(shelf.contents.part10(held))

    [sealed] = shelf.seal([held]).instances

    assert b"".join(shelf.contents.part10(sealed)) == before


def _element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sHI", group, number, vr, 0, len(value)) + value


_ITEM = struct.pack("<HHIHHI", 8, 0x1140, 0xFFFFFFFF, 0xFFFE, 0xE000, 0xFFFFFFFF)
ODD = {
    "nothing": (b"", IMPLICIT),
    "no DICOM": (b"\0\1\2" * 50, IMPLICIT),
    "an overrun": (struct.pack("<HH2sH", 8, 0x18, b"UI", 60) + b"2.25.1", EXPLICIT),
    "a large value": (_element(9, 0x10, b"OB", bytes(40_000)), EXPLICIT),
    "a value of several pieces": (_element(9, 0x10, b"OB", bytes(33 << 20)), EXPLICIT),
    "endless nesting": (_ITEM * 400, IMPLICIT),
    "junk behind": (_element(8, 8, b"UT", b"ab") + b"\xff" * 9, EXPLICIT),
}


@pytest.mark.parametrize(("content", "syntax"), ODD.values(), ids=ODD)
def test_odd_content_comes_back_too(shelf, content, syntax) -> None:
    [sealed] = _sealed(shelf, [content], {0: syntax})

    assert shelf.contents.dataset(sealed) == content


@pytest.mark.parametrize("syntax", [BIG_ENDIAN, IMPLICIT])
def test_any_byte_order_comes_back(shelf, smooth, image, syntax) -> None:
    dataset = pydicom.filereader.read_dataset(io.BytesIO(image(smooth)), False, True)
    big = syntax == BIG_ENDIAN
    dataset.PixelData = smooth.astype(">u2" if big else "<u2").tobytes()
    file = DicomBytesIO()
    file.is_implicit_VR, file.is_little_endian = syntax == IMPLICIT, not big
    write_dataset(file, dataset)
    content = file.getvalue()

    [sealed] = _sealed(shelf, [content], {0: syntax})

    assert shelf.contents.dataset(sealed) == content
    frame = shelf.contents.frame(sealed, 1)
    assert (imagecodecs.htj2k_decode(frame.content) == smooth).all()


def test_a_frame_is_kept_as_htj2k_and_its_beginning_is_a_smaller_image(
    shelf, image, smooth
) -> None:
    [sealed] = _sealed(shelf, [image(smooth)])

    frame = shelf.contents.frame(sealed, 1)
    low = shelf.contents.low_frame(sealed, 1)

    assert frame.transfer_syntax == Uid(RPCL)
    assert (imagecodecs.htj2k_decode(frame.content) == smooth).all()
    assert len(low.content) < len(frame.content) / 3
    assert frame.content.startswith(low.content[:-2])
    assert frame.content[frame.content.index(b"\xff\x52") + 5] == 2  # RPCL, ISO 15444-1 A.6.1
    assert b"\xff\x55" in frame.content[:400]  # TLM, as PS3.5 8.2.17 wants of this syntax


def test_the_low_pass_of_a_series_is_one_read(shelf, image, smooth) -> None:
    sealed = _sealed(shelf, [image(smooth + n, number=n) for n in range(5)])
    part = shelf.packs.open(sealed[0].place.pack).first

    lows = [(entry.number, number, low) for entry, number, low in part.low_frames()]

    assert [low[:2] for low in lows] == [(n, 1) for n in range(5)]
    assert [low[2] for low in lows] == [shelf.contents.low_frame(h, 1).content for h in sealed]


@pytest.mark.parametrize("open_or_sealed", ["open", "sealed"])
def test_frames_of_a_multi_frame_are_given_one_by_one(
    shelf, image, smooth, open_or_sealed
) -> None:
    stack = np.stack([smooth + n * 10 for n in range(3)])
    held = shelf.receive(image(stack))
    if open_or_sealed == "sealed":
        [held] = shelf.seal([held]).instances

    found = [shelf.contents.frame(held, n) for n in (1, 2, 3)]

    for frame, pixels in zip(found, stack, strict=True):
        if open_or_sealed == "sealed":
            assert (imagecodecs.htj2k_decode(frame.content) == pixels).all()
        else:
            assert frame.content == pixels.tobytes()
    with pytest.raises(NotFound, match="no frame 4"):
        shelf.contents.frame(held, 4)
    with pytest.raises(NotFound):
        shelf.contents.frame(held, 0)


@pytest.mark.parametrize("open_or_sealed", ["open", "sealed"])
def test_encapsulated_frames_leave_as_they_came(shelf, image, smooth, open_or_sealed) -> None:
    native = image(smooth[:32, :32], Rows=32, Columns=32, NumberOfFrames=2)
    fragments = [b"\xff\xd8\xffone\xff\xd9", b"\xff\xd8\xfftwo!\xff\xd9\0"]
    items = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(f)) + f for f in [b"", *fragments])
    content = (
        native[: native.index(b"\xe0\x7f\x10\0")]
        + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFFFF)
        + items
        + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    )
    held = shelf.receive(content, syntax=JPEG)
    if open_or_sealed == "sealed":
        [held] = shelf.seal([held]).instances

    frames = [shelf.contents.frame(held, n) for n in (1, 2)]

    assert [f.content for f in frames] == fragments
    assert {f.transfer_syntax for f in frames} == {Uid(JPEG)}
    assert shelf.contents.dataset(held) == content


@pytest.mark.parametrize("open_or_sealed", ["open", "sealed"])
def test_frames_of_single_bits_are_cut_at_the_bit(shelf, image, open_or_sealed) -> None:
    bits = np.random.default_rng(3).integers(0, 2, (3, 5, 7), np.uint8)
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    content = image(
        np.zeros((1, 1), np.uint8),
        Rows=5, Columns=7, NumberOfFrames=3, BitsAllocated=1, BitsStored=1, HighBit=0,
        PixelData=packed + bytes(len(packed) % 2),
    )  # fmt: skip
    held = shelf.receive(content)
    if open_or_sealed == "sealed":
        [held] = shelf.seal([held]).instances

    frame = shelf.contents.frame(held, 2)

    again = np.unpackbits(np.frombuffer(frame.content, np.uint8), bitorder="little")[:35]
    assert (again.reshape(5, 7) == bits[1]).all()


@pytest.mark.parametrize("open_or_sealed", ["open", "sealed"])
def test_a_deflated_frame_is_found_in_what_it_inflates_to(
    shelf, image, smooth, open_or_sealed
) -> None:
    deflate = zlib.compressobj(9, wbits=-15)
    content = deflate.compress(image(smooth)) + deflate.flush()
    held = shelf.receive(content, syntax=DEFLATED)
    if open_or_sealed == "sealed":
        [held] = shelf.seal([held]).instances

    frame = shelf.contents.frame(held, 1)

    assert (frame.content, frame.transfer_syntax) == (
        smooth.tobytes(),
        Uid("1.2.840.10008.1.2.1"),
    )
    assert shelf.contents.dataset(held) == content


def test_noise_is_not_kept_as_htj2k(shelf, image) -> None:
    noise = np.random.default_rng(1).integers(0, 2**16, (64, 64), np.uint16)
    [sealed] = _sealed(shelf, [image(noise)])

    frame = shelf.contents.frame(sealed, 1)

    assert (frame.content, frame.transfer_syntax) == (noise.tobytes(), Uid("1.2.840.10008.1.2.1"))


def test_metadata_is_ready_to_send_and_the_same_before_and_after_sealing(
    shelf, image, smooth
) -> None:
    held = [shelf.receive(image(smooth, number=n), number=n) for n in range(4)]
    before = json.loads(gzip.decompress(shelf.contents.series_metadata(held)))

    sealed = list(shelf.seal(held).instances)
    whole = shelf.contents.series_metadata(sealed)
    mixed = shelf.contents.series_metadata([sealed[3], held[0], sealed[1]])

    assert json.loads(gzip.decompress(whole)) == before
    assert [d["00080018"]["Value"] for d in before] == [[f"2.25.{n}"] for n in range(4)]
    assert json.loads(gzip.decompress(mixed)) == [before[3], before[0], before[1]]
    assert before[0]["00100010"]["Value"] == [{"Alphabetic": "TEST-Zoé^Éva"}]


def test_a_source_that_lost_its_digest_is_not_sealed(shelf, image, smooth) -> None:
    held = shelf.receive(image(smooth))

    with pytest.raises(DamagedContent):
        shelf.seal([replace(held, digest=bytes(32))])

    assert list(shelf.packs.inventory()) == []
    assert list((shelf.home / "packs" / ".tmp").iterdir()) == []


def test_late_instances_join_those_of_the_last_pack(shelf, image, smooth) -> None:
    contents = [image(smooth + n, number=n) for n in range(4)]
    first = shelf.seal([shelf.receive(c, number=n) for n, c in enumerate(contents[:3])])
    late = shelf.receive(contents[3], number=3)

    second = shelf.seal([*first.instances, late], generation=2)

    shelf.packs.remove(first.pack)
    assert [shelf.contents.dataset(one) for one in second.instances] == contents
    receipts = shelf.packs.open(second.pack).first.receipts()
    assert [str(r.sop_instance) for r in receipts] == [f"2.25.{n}" for n in range(4)]


def test_a_large_series_lies_in_several_parts(tmp_path, shelf, image, smooth) -> None:
    contents = [image(smooth + n, number=n) for n in range(6)]
    held = [shelf.receive(c, number=n) for n, c in enumerate(contents)]
    shelf.packs = PackStore(tmp_path, part_bytes=3000)

    sealed = shelf.seal(held)

    parts = list(shelf.packs.open(sealed.pack).parts())
    assert len(parts) > 2
    assert [shelf.contents.dataset(one) for one in sealed.instances] == contents
    documents = json.loads(gzip.decompress(shelf.contents.series_metadata(sealed.instances)))
    assert [d["00200013"]["Value"] for d in documents] == [[n] for n in range(6)]
    assert [key for key, _at in shelf.packs.inventory()] == [sealed.pack]
    shelf.packs.remove(sealed.pack)
    assert not list((tmp_path / "packs").glob("*/*.pack"))


def test_the_index_of_a_pack_says_what_the_pack_says(shelf, image, smooth) -> None:
    held = [shelf.receive(image(smooth, number=n), number=n) for n in range(50)]
    sealed = shelf.seal(held)

    packed = unpack_index(sealed.index, key=shelf.KEY, pack=sealed.pack)

    assert tuple(one.held for one in packed) == sealed.instances
    assert len(sealed.index) < 60 * len(held)
    with pytest.raises(Malformed):
        unpack_index(sealed.index[:-3], key=shelf.KEY, pack=sealed.pack)


def test_no_byte_of_a_pack_may_change_unseen(shelf, image, smooth) -> None:
    contents = [image(smooth + n, number=n) for n in range(2)]
    sealed = _sealed(shelf, contents)
    key = sealed[0].place.pack
    path = shelf.home / "packs" / key
    whole = path.read_bytes()
    rng = np.random.default_rng(11)
    for at in rng.integers(64, len(whole), 150):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << rng.integers(0, 8)
        path.unlink()
        path.write_bytes(damaged)
        fresh = PackStore(shelf.home)
        try:
            pack = fresh.open(key)
            pack.metadata()
            pack.first.receipts()
            for number, content in enumerate(contents):
                part, entry = pack.entry(number)
                assert b"".join(part.pieces(entry)) == content
                part.frame(entry, 1)
        except (DamagedContent, Malformed):
            continue
        pytest.fail(f"a flipped bit at {at} of {len(whole)} went unseen")


def test_keys_come_from_no_input() -> None:
    key = SeriesKey(TenantId("ch-ouest"), Uid("2.25.100"), Uid("2.25.101"))

    assert pack_key(key, 3) != pack_key(replace(key, study=Uid("2.25.102")), 3)
    assert pack_key(key, 3).startswith("ch-ouest/")
    assert "2.25" not in pack_key(key, 3)


@pytest.mark.parametrize("key", ["../etc/passwd", "a/../../b.pack", "a/b.pack", ""])
def test_other_keys_open_nothing(shelf, key) -> None:
    with pytest.raises(Unavailable):
        shelf.packs.open(key)
