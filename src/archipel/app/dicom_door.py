"""The process of the DICOM door: the provider with this node's ports."""

import socket
from collections.abc import Callable
from functools import partial

from archipel.app.home import Home
from archipel.app.settings import DicomSettings, host_and_port
from archipel.app.wiring import Node
from archipel.imaging.ports import Workshop
from archipel.imaging.tasks import RewriteDataset
from archipel.imaging.transcode import MAX_DECODED_BYTES
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.provider import run as provide
from archipel.protocols.dimse.secure import TlsFiles, context_of
from archipel.protocols.dimse.services import Services
from archipel.protocols.dimse.settings import DimseSettings

_BACKLOG = 4096


def run(home: Home, listener: socket.socket, *, ready: Callable[[], None], stop: int) -> None:
    """Serve associations until `stop` is readable."""
    settings = home.settings()

    def build() -> Services:
        node = Node(home, settings)
        return Services(
            journal=node.journal,
            catalogue=node.catalogue,
            contents=node.contents,
            devices=node.devices,
            audit=node.audit,
            commitments=node.commitments,
            worklist=node.orders,
            clock=node.clock,
            transcoder=partial(_transcode, node.workshop),
        )

    told = measures(settings.dicom)
    secure = None
    if settings.dicom.tls_bind and told.tls is not None:
        context_of(told.tls, server=True)  # a bad file is told now, not to the first caller
        secure = socket.create_server(host_and_port(settings.dicom.tls_bind), backlog=_BACKLOG)
    ready()
    provide(listener, build, told, stop, secure=secure)


def measures(told: DicomSettings) -> DimseSettings:
    """Return the provider's measures from the node's settings."""
    return DimseSettings(
        workers=told.workers,
        max_pdu_bytes=told.maximum_pdu_bytes,
        associate_timeout_s=told.associate_timeout_s,
        idle_timeout_s=told.idle_timeout_s,
        max_associations=told.maximum_associations,
        max_associations_per_address=told.associations_per_address,
        tls=TlsFiles(told.tls_certificate, told.tls_key, told.tls_authority)
        if told.tls_certificate
        else None,
    )


def _transcode(workshop: Workshop, dataset: bytes, from_ts: Uid, to_ts: Uid) -> bytes:
    task = RewriteDataset(dataset, from_ts.value, to_ts.value)
    return workshop.run(task, most_bytes=MAX_DECODED_BYTES)
