"""C-STORE: what is kept, and what is refused before it is acknowledged (PS3.4 B.2.3)."""

from pathlib import Path

import pytest

from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.find_scu import find
from archipel.protocols.dimse.outgoing import store_request
from archipel.protocols.dimse.user import Proposal, associate
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.command import Command, Element
from archipel.testing.instances import Instance, instance

SOP_INSTANCE, STUDY, SERIES = 0x00080018, 0x0020000D, 0x0020000E
FUTURE_CLASS = "1.2.840.10008.5.1.4.1.1.9999.1"
PRIVATE_CLASS = "1.3.12.2.1107.5.9.1"


def _store(peer, made: Instance, **changed: str) -> Command:
    """Send one instance, its command changed; return the response."""
    proposal = Proposal(made.sop_class.value, (made.transfer_syntax.value,))
    with associate(peer, [proposal]) as association:
        command = store_request(made.outgoing(), association.next_message_id())
        for name, value in changed.items():
            command.values[Element[name]] = value
        association.send(1, command, [made.dataset])
        return association.response(1)[0]


def _images(peer, made: Instance) -> list[str]:
    keys = {SOP_INSTANCE: "", SERIES: made.series.value, STUDY: made.study.value}
    return [found.text(SOP_INSTANCE) for found in find(peer, Level.IMAGE, keys)]


@pytest.mark.parametrize(
    "syntax",
    [
        ts.IMPLICIT_VR_LITTLE_ENDIAN,
        ts.EXPLICIT_VR_LITTLE_ENDIAN,
        ts.EXPLICIT_VR_BIG_ENDIAN,
        ts.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        ts.JPEG_BASELINE,
        ts.HTJ2K_LOSSLESS,
        ts.JPEG_XL_LOSSLESS,
        "1.2.840.10008.1.2.4.9999",  # of an edition to come
        ts.GE_IMPLICIT_BIG_ENDIAN_PIXELS,
    ],
)
def test_every_transfer_syntax_is_kept(node, peer, send, syntax: str) -> None:
    made = instance(transfer_syntax=syntax)

    assert send(node, made) == [0x0000]
    assert _images(peer(node), made) == [made.sop_instance.value]


@pytest.mark.parametrize("sop_class", [FUTURE_CLASS, PRIVATE_CLASS, "1.2.840.10008.5.1.1.27"])
def test_a_class_of_tomorrow_of_a_maker_or_retired_is_kept(node, peer, send, sop_class) -> None:
    made = instance(sop_class=sop_class)

    assert send(node, made) == [0x0000]
    assert _images(peer(node), made) == [made.sop_instance.value]


def test_sending_it_again_is_a_success(node, send) -> None:
    made = instance()

    assert send(node, made, made) == [0x0000, 0x0000]


def test_a_large_instance_in_pieces_of_every_size_is_kept_whole(node, peer, dcmtk) -> None:
    made = instance(pixel_bytes=3_000_001)
    proposal = Proposal(made.sop_class.value, (made.transfer_syntax.value,))
    sizes = [1, 2, 17, 4096, 131_059, 131_060, 131_061, 262_144, 1_000_003]
    pieces, at = [], 0
    while at < len(made.dataset):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(memoryview(made.dataset)[at : at + size])
        at += size

    with associate(peer(node), [proposal]) as association:
        association.send(1, store_request(made.outgoing(), 1), pieces)

        assert association.response(1)[0].status == 0


@pytest.mark.parametrize(
    ("texts", "status"),
    [
        ({STUDY: ""}, 0xC001),
        ({SERIES: "../../etc/passwd"}, 0xC001),
        ({STUDY: "1.2." + "9" * 64}, 0xC001),
        ({STUDY: "1.2.3\x004.5"}, 0xC001),
    ],
)
def test_an_instance_that_does_not_say_where_it_belongs_is_refused(
    node, peer, texts, status
) -> None:
    answer = _store(peer(node), instance(texts=texts))

    assert answer.status == status
    assert answer.text(Element.ERROR_COMMENT)


def test_another_instance_than_announced_is_refused(node, peer) -> None:
    answer = _store(peer(node), instance(), AFFECTED_SOP_INSTANCE="1.2.3.4")

    assert answer.status == 0xA900


def test_another_class_than_announced_is_refused(node, peer) -> None:
    made = instance(texts={0x00080016: "1.2.840.10008.5.1.4.1.1.2"})

    assert _store(peer(node), made).status == 0xA900


def test_a_malformed_uid_in_the_command_is_refused(node, peer) -> None:
    answer = _store(peer(node), instance(), AFFECTED_SOP_INSTANCE="../../x")

    assert answer.status == 0xC001


@pytest.mark.parametrize(
    "garbage", [b"", b"\0" * 4096, b"\x08\0\x18\0UI\xff\xff1.2.3", b"PK\x03\x04" * 50]
)
def test_a_data_set_that_cannot_be_read_is_refused(node, peer, garbage: bytes) -> None:
    made = instance()
    object.__setattr__(made, "dataset", garbage)

    answer = _store(peer(node), made)

    assert 0xC000 <= answer.status <= 0xCFFF


def test_what_was_refused_leaves_no_trace(node, peer, send) -> None:
    bad = instance(texts={SERIES: ""})
    _store(peer(node), bad)
    good = instance(study=bad.study)

    assert send(node, good) == [0]
    found = list(find(peer(node), Level.STUDY, {STUDY: bad.study.value, 0x00201208: ""}))
    assert [study.text(0x00201208) for study in found] == ["1"]


def test_a_device_without_the_right_is_refused(node, peer) -> None:
    answer = _store(peer(node, "VIEWER"), instance())

    assert answer.status == 0x0124


def test_an_instance_whose_sender_dies_is_abandoned(node, peer, send) -> None:
    made = instance(pixel_bytes=2_000_000)
    proposal = Proposal(made.sop_class.value, (made.transfer_syntax.value,))
    with pytest.raises(KeyboardInterrupt), associate(peer(node), [proposal]) as association:

        def dying():
            yield made.dataset[:1_500_000]
            raise KeyboardInterrupt

        association.send(1, store_request(made.outgoing(), 1), dying())

    assert _images(peer(node), made) == []
    assert send(node, made) == [0]


def test_an_instance_of_another_organisation_is_not_seen(node, peer, send) -> None:
    made = instance()
    send(node, made, calling="EST_CT", called="EST")

    assert _images(peer(node), made) == []
    assert _images(peer(node, "EST_CT", "EST"), made) == [made.sop_instance.value]


def test_dcmtk_stores_files(node, peer, dcmtk, tmp_path: Path) -> None:
    made = [instance(study=Uid("1.2.3.4")) for _ in range(5)]
    for number, each in enumerate(made):
        (tmp_path / f"{number}").write_bytes(each.dataset)
        converted = dcmtk("dcmconv", tmp_path / f"{number}", tmp_path / f"{number}.dcm", "-f")
        assert converted.returncode == 0, converted.stdout
        (tmp_path / f"{number}").unlink()

    for tool in ("storescu", "dcmsend"):
        names = ("-aet", "MODALITY", "-aec", "OUEST")
        files = sorted(tmp_path.glob("*.dcm"))
        done = dcmtk(tool, *names, "127.0.0.1", node.port, *files)

        assert done.returncode == 0, done.stdout

    keys = {STUDY: "1.2.3.4", 0x00201208: ""}
    assert [s.text(0x00201208) for s in find(peer(node), Level.STUDY, keys)] == ["5"]
