"""When an agreement ends, so does the access of those who read under it.

What is still asked goes on to its answer: a patient waits for it. Once an answer is acknowledged
and no agreement with its reader runs any more, the asking node states ``request.withdrawn``, and
every node hides its images from the readers in the transaction that folds it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from archipel.kernel.identifiers import TenantId
from archipel.reading.request.lifecycle import WITHDRAWN
from archipel.reading.request.model import Agreement, Request
from archipel.reading.request.ports import Room, Telling

BY = "system:agreements"


def withdraw(
    asking: TenantId, agreements: Sequence[Agreement], *, room: Room, node: str, now: datetime
) -> int:
    """End the access of readers without a running agreement; returns of how many requests.

    `agreements` are all those of `asking`, ended ones too. Again changes nothing.
    """
    running = [one for one in agreements if one.ends is None or one.ends > now]
    ended = 0
    for held in room.answered(tenant=asking):
        request = held.request
        if request.id.home != node or _runs(request, running):
            continue
        told = Telling(kind=WITHDRAWN, body={"why": "agreement-ended"}, login=BY, at=now)
        room.node_tell(request.id, told, tenant=asking)
        ended += 1
    return ended


def _runs(request: Request, running: Collection[Agreement]) -> bool:
    asked = (request.partner.tenant, request.partner.node)
    return any((one.partner.tenant, one.partner.node) == asked for one in running)
