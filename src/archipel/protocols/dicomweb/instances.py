"""WADO-RS instances (PS3.18 section 10.4.1.1.1): Part 10 files, as received or decoded.

As received they are the bytes that came in. In a study or a series, one instance that cannot
be had in an acceptable transfer syntax (video, damaged pixels) leaves as received, and its part
says so; asked for alone it is refused (406).
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from starlette.responses import Response

from archipel.archive.model import Held
from archipel.imaging.errors import NotAnImage
from archipel.imaging.tasks import RewriteDataset
from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb import caching
from archipel.protocols.dicomweb.bodies import Multipart, streamed
from archipel.protocols.dicomweb.negotiation import DICOM, InstanceForm, accepted, instance_form
from archipel.protocols.dicomweb.problem import NotAcceptable
from archipel.protocols.dicomweb.visits import Visit
from archipel.standards.dicom.part10 import meta

AE_TITLE = "ARCHIPEL"  # (0002,0016) of a file that is written here

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Outgoing:
    transfer_syntax: str
    pieces: Iterator[bytes]


def instances(visit: Visit) -> Response:
    """Whole instances of a study, a series, or one."""
    alone = "instance" in visit.request.path_params
    form = instance_form(accepted(visit.request), alone=alone)
    held = visit.held()
    visit.audit_read(held, "instances")
    wanted = ",".join((str(form.multipart), *form.transfer_syntaxes))
    etag = caching.etag_of_all((one.digest for one in held), "instances", wanted)
    headers = caching.headers_of(etag, immutable=alone)
    if caching.is_held_by_client(visit.request, etag):
        return Response(None, 304, headers)
    if not form.multipart:
        return whole(visit, held[0], form, headers)
    body = Multipart(etag, DICOM)
    parts = _parts(visit, held, form, body, alone=alone)
    return streamed(body.around(parts), media_type=body.media_type, headers=headers)


def whole(
    visit: Visit, held: Held, form: InstanceForm, headers: dict[str, str] | None = None
) -> Response:
    """Give one instance as a file; its audit is the caller's. Raises `NotAcceptable`."""
    outgoing = _outgoing(visit, held, form, alone=True)
    kind = f"{DICOM}; transfer-syntax={outgoing.transfer_syntax}"
    if headers is None:
        etag = caching.etag_of(held.digest, "instances", *form.transfer_syntaxes)
        headers = caching.headers_of(etag, immutable=True)
    return streamed(outgoing.pieces, media_type=kind, headers=headers)


def _parts(
    visit: Visit, held: Sequence[Held], form: InstanceForm, body: Multipart, *, alone: bool
) -> Iterator[tuple[bytes, Iterator[bytes]]]:
    for one in held:
        outgoing = _outgoing(visit, one, form, alone=alone)
        yield body.head(f"{DICOM}; transfer-syntax={outgoing.transfer_syntax}"), outgoing.pieces


def _outgoing(visit: Visit, held: Held, form: InstanceForm, *, alone: bool) -> _Outgoing:
    stored = held.transfer_syntax.value
    chosen = form.choose(stored)
    if chosen == stored:
        return _Outgoing(stored, visit.retrieval.part10(held))
    try:
        return _Outgoing(chosen or "", _decoded(visit, held, chosen))
    except (NotAcceptable, NotAnImage, Malformed) as failure:
        if alone:
            raise NotAcceptable(str(failure)) from failure
        log.warning("instance %s leaves as received: %s", held.key.sop_instance, failure)
        return _Outgoing(stored, visit.retrieval.part10(held))


def _decoded(visit: Visit, held: Held, transfer_syntax: str | None) -> Iterator[bytes]:
    stored = held.transfer_syntax.value
    if transfer_syntax is None:
        raise NotAcceptable(f"stored in {stored}, which is not among what is accepted")
    task = RewriteDataset(visit.retrieval.dataset(held), stored, transfer_syntax)
    dataset = visit.services.workshop.pieces(task)
    head = meta(
        sop_class=held.sop_class,
        sop_instance=held.key.sop_instance,
        transfer_syntax=Uid(transfer_syntax),
        source=AE_TITLE,
    )
    return chain((head,), dataset)
