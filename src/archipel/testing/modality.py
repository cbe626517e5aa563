"""A simulated modality: makes phantom exams and sends them by C-STORE, like a scanner would.

It speaks our own user side; instances go out as they are made, at a chosen pace, so that a
worklist shows them arriving.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from pydicom.dataset import Dataset

from archipel.kernel.errors import Unavailable
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.outgoing import Outgoing, batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from archipel.testing.phantoms.datasets import encode
from archipel.testing.phantoms.exams import Plan

SUCCESS = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """One instance that the peer has acknowledged."""

    plan: Plan
    sop_instance: Uid
    size_bytes: int


def send(
    plan: Plan, peer: Peer, *, quick: bool = False, per_second: float | None = None
) -> Iterator[Sent]:
    """Make the exam and send it, one association a series; yields after each acknowledgement.

    `per_second` limits the pace to that many instances. Raises `Unavailable` when the peer does
    not take an instance, and what associating raises.
    """
    pause_s = 1 / per_second if per_second else 0.0
    made = plan.instances(quick=quick)
    for _, series in groupby(made, key=lambda dataset: dataset.SeriesInstanceUID):
        first = next(series)
        ((proposals, _),) = batches([_outgoing(first)])
        with sender(peer, proposals) as scu:
            for dataset in (first, *series):
                instance = _outgoing(dataset)
                status = scu.store(instance)
                if status != SUCCESS:
                    raise Unavailable(f"{peer} answered {status:04X}H to {instance.sop_instance}")
                yield Sent(plan, instance.sop_instance, len(next(iter(instance.dataset()))))
                time.sleep(pause_s)


def _outgoing(dataset: Dataset) -> Outgoing:
    content = encode(dataset)
    return Outgoing(
        sop_class=Uid(str(dataset.SOPClassUID)),
        sop_instance=Uid(str(dataset.SOPInstanceUID)),
        transfer_syntax=Uid(EXPLICIT_VR_LITTLE_ENDIAN),
        dataset=lambda: [content],
    )
