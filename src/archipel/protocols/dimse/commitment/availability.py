"""Instance Availability Notification as user (PS3.4 Annex R, PS3.3 section C.4.23)."""

from collections.abc import Sequence

from archipel.archive.model import Held
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.errors import OperationFailed
from archipel.protocols.dimse.status import Status, is_warning
from archipel.protocols.dimse.user import Peer, Proposal, associate
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom.command import Element, creation
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.service_classes import INSTANCE_AVAILABILITY
from archipel.standards.dicom.transfer_syntax import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)


def announce(peer: Peer, study: Uid, held: Sequence[Held]) -> None:
    """Tell a peer which instances of a study are online here, under the title we call by.

    Raises `OperationFailed` and as `user.associate`.
    """
    with associate(peer, [Proposal(INSTANCE_AVAILABILITY, SYNTAXES)]) as association:
        context_id, context = association.context(INSTANCE_AVAILABILITY)
        message_id = association.next_message_id()
        command = creation(message_id, INSTANCE_AVAILABILITY, Uid.fresh().value)
        told = datasets.write(_content(peer, study, held), context.transfer_syntax)
        association.send(context_id, command, [told])
        answer, _ = association.response(message_id)
    if answer.status != Status.SUCCESS and not is_warning(answer.status):
        comment = answer.text(Element.ERROR_COMMENT)
        raise OperationFailed(f"N-CREATE at {peer}", answer.status, comment)


def _content(peer: Peer, study: Uid, held: Sequence[Held]) -> DataSet:
    by_series: dict[Uid, list[DataSet]] = {}
    for one in held:
        item = DataSet()
        item.set_text(0x00081150, one.sop_class.value)
        item.set_text(0x00081155, one.key.sop_instance.value)
        item.set_text(0x00080054, peer.calling.value)
        item.set_text(0x00080056, "ONLINE")
        by_series.setdefault(one.key.series, []).append(item)
    series = []
    for uid, items in by_series.items():
        item = DataSet()
        item.set_text(0x0020000E, uid.value)
        item.set_items(0x00081199, items)
        series.append(item)
    made = DataSet()
    made.set_items(0x00081111, [])  # type 2: performed procedure steps are not kept here
    made.set_items(0x00081115, series)
    made.set_text(0x0020000D, study.value)
    return made
