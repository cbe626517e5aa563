"""What the tests of large sites share: send by C-STORE, read by DICOMweb, wait with a limit."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import httpx
from blake3 import blake3

from archipel.kernel.aetitle import AETitle
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.outgoing import batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.standards.dicom.part10 import split
from archipel.testing.instances import Instance, instance
from archipel.testing.running_node import RunningNode

QUICK = {  # everything a node does in an hour happens within a test
    "ARCHIPEL_ARCHIVE__SERIES_QUIET_S": "0.3",
    "ARCHIPEL_ARCHIVE__STUDY_QUIET_S": "0.5",
    "ARCHIPEL_ARCHIVE__LOW_DISK_BYTES": "1000000",
    "ARCHIPEL_DICOM__WORKERS": "1",
}
ORGANISATION, SCANNER = "chu", "CT"
AS_STORED = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
PATIENCE_S = 90.0


def until(wanted: Callable[[], bool], *, timeout_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    end = time.monotonic() + timeout_s
    while not wanted():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.1)


def peer_of(node: RunningNode) -> Peer:
    """Name the node's DICOM door."""
    return Peer(
        host=node.dicom_host,
        port=node.dicom_port,
        called=AETitle(ORGANISATION.upper()),
        calling=AETitle(SCANNER),
    )


def exam(count: int, *, study: Uid | None = None, series: Uid | None = None) -> list[Instance]:
    """Make one series of small images."""
    study, series = study or Uid.fresh(), series or Uid.fresh()
    return [
        instance(
            study=study,
            series=series,
            texts={0x00200013: str(n + 1)},
            pixel_bytes=600 + n * 7919 % 20_000,
        )
        for n in range(count)
    ]


def send(node: RunningNode, load: Sequence[Instance]) -> dict[str, str]:
    """Store instances in one association; return the digest of each that was acknowledged."""
    acked: dict[str, str] = {}
    by_uid = {each.sop_instance: each for each in load}
    for proposals, part in batches([each.outgoing() for each in load]):
        with sender(peer_of(node), proposals) as to_node:
            for each in part:
                if to_node.store(each) == 0:
                    digest = blake3(by_uid[each.sop_instance].dataset).hexdigest()
                    acked[each.sop_instance.value] = digest
    return acked


class Reader:
    """A radiologist at the web door."""

    def __init__(self, node: RunningNode, token: str) -> None:
        self._web = httpx.Client(
            base_url=node.http, headers={"Authorization": f"Bearer {token}"}, timeout=60
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._web.close()

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask for a resource of the DICOMweb service."""
        return self._web.get(f"/dicomweb{path}", headers=headers)

    def served(self, study: Uid) -> Mapping[str, str]:
        """Fetch a study; return the digest of each data set by SOP instance, none if refused."""
        answer = self._web.get(f"/dicomweb/studies/{study}", headers=AS_STORED)
        if answer.status_code != httpx.codes.OK:
            return {}
        return digests(answer)


def digests(answer: httpx.Response) -> dict[str, str]:
    """Return the digest of each data set of a multipart answer."""
    boundary = answer.headers["content-type"].split("boundary=")[1].split(";")[0].strip('"')
    served = {}
    for piece in answer.content.split(f"--{boundary}".encode())[1:-1]:
        file = piece.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
        meta, start = split(file)
        served[str(meta.sop_instance)] = blake3(file[start:]).hexdigest()
    return served
