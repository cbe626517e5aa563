"""Real files of real scanners: in by C-STORE, out by C-GET, not a byte changed."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.errors import NotAccepted
from archipel.protocols.dimse.outgoing import Outgoing, batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer, Proposal, associate
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom.command import RESPONSE, CommandField, Element, request
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.header import scan
from archipel.standards.dicom.part10 import split
from archipel.standards.dicom.service_classes import STUDY_ROOT_GET
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN

pytestmark = pytest.mark.slow

_REPOSITORY = Path(__file__).parents[3]
CORPUS = Path(os.environ.get("ARCHIPEL_CORPUS", _REPOSITORY.parent / "shared" / "data"))
_LEAST_BYTES = 132
_SUCCESS, _PENDING = 0x0000, 0xFF00


def _files() -> list[Path]:
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus at {CORPUS}: set ARCHIPEL_CORPUS")
    files = sorted(path for path in CORPUS.rglob("*") if path.is_file())
    return [path for path in files if path.suffix not in {".csv", ".md", ".json", ".xml", ".hl7"}]


def _readable(files: list[Path]) -> Iterator[tuple[Path, Outgoing, Uid]]:
    """Yield the files that say what they are and where they belong."""
    for path in files:
        content = path.read_bytes()
        try:
            meta, start = split(content)
            dataset = content[start:]
            header = scan(dataset, meta.transfer_syntax)
            sop_class, sop_instance = Uid(header[0x00080016]), Uid(header[0x00080018])
            study, _ = Uid(header[0x0020000D]), Uid(header[0x0020000E])
        except (Malformed, KeyError):
            continue
        yield (
            path,
            Outgoing(
                sop_class=sop_class,
                sop_instance=sop_instance,
                transfer_syntax=Uid(meta.transfer_syntax),
                dataset=lambda dataset=dataset: [dataset],
            ),
            study,
        )


def _digest(pieces) -> str:
    whole = hashlib.sha256()
    for piece in pieces:
        whole.update(piece)
    return whole.hexdigest()


def _get(peer: Peer, study: Uid, kinds: set[tuple[str, str]]) -> dict[str, str]:
    """Fetch a study; return the digest of each data set by its SOP instance UID."""
    proposals = [Proposal(STUDY_ROOT_GET, (EXPLICIT_VR_LITTLE_ENDIAN,))]
    proposals += [Proposal(uid, (syntax,), receive=True) for uid, syntax in sorted(kinds)]
    got = {}
    with associate(peer, proposals) as association:
        keys = DataSet.from_texts({0x00080052: "STUDY", 0x0020000D: study.value})
        identifier = datasets.write(keys, EXPLICIT_VR_LITTLE_ENDIAN)
        command = request(CommandField.C_GET_RQ, 1, STUDY_ROOT_GET, dataset=True)
        association.send(1, command, [identifier])
        while True:
            context_id, received = association.receive()
            if received.field == CommandField.C_GET_RQ | RESPONSE:
                if received.status != _PENDING:
                    break
                continue
            whole = hashlib.sha256()
            association.channel.receive_dataset(
                context_id,
                lambda views, whole=whole: [whole.update(view) for view in views] and None,
                max_bytes=1 << 40,
            )
            got[received.text(Element.AFFECTED_SOP_INSTANCE)] = whole.hexdigest()
            association.send(context_id, received.response(_SUCCESS))
    assert received.status == _SUCCESS
    return got


def test_every_readable_file_comes_back_as_it_went(node, peer) -> None:
    by_study: dict[Uid, dict[str, str]] = defaultdict(dict)
    kinds: dict[Uid, set[tuple[str, str]]] = defaultdict(set)
    refused = []
    files = _files()
    for path, each, study in _readable(files):
        if each.sop_instance.value in by_study[study]:
            continue  # the corpus has a few copies with other bytes
        for proposals, part in batches([each]):
            with sender(peer(node), proposals) as to_node:
                try:
                    status = to_node.store(part[0])
                except NotAccepted as failure:
                    status = str(failure)
        if status:
            refused.append((path.name, status))
            continue
        by_study[study][each.sop_instance.value] = _digest(each.dataset())
        kinds[study].add((each.sop_class.value, each.transfer_syntax.value))

    assert refused == []
    assert sum(map(len, by_study.values())) > len(files) // 2
    for study, expected in by_study.items():
        if expected:
            assert _get(peer(node), study, kinds[study]) == expected


def test_what_is_no_instance_is_refused_and_harms_nothing(node, peer) -> None:
    files = _files()
    readable = {path for path, _, _ in _readable(files)}
    broken = [path for path in files if path not in readable]
    for path in broken:
        content = path.read_bytes()[_LEAST_BYTES:]
        made = Outgoing(
            sop_class=Uid("1.2.840.10008.5.1.4.1.1.7"),
            sop_instance=Uid("1.2.3.4"),
            transfer_syntax=Uid(EXPLICIT_VR_LITTLE_ENDIAN),
            dataset=lambda content=content: [content],
        )
        for proposals, part in batches([made]):
            with sender(peer(node), proposals) as to_node:
                status = to_node.store(part[0])

        assert status in {0xA900, 0xA700} or 0xC000 <= status <= 0xCFFF, path.name
