"""Quality control on this node: decisions into the journal, corrections done, others told.

What a decision stores goes by the one way in. A study rejected altogether is recalled from the
other nodes, and restored there with it; of one rejected in part they hear by its next description.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from blake3 import blake3

from archipel.app.dispatcher import Subscription
from archipel.app.wiring import Node
from archipel.archive.events import (
    CorrectionAsked,
    ExpiredSentAgain,
    InstancesRejected,
    InstancesRestored,
)
from archipel.archive.model import JournalPlace, Receipt, StudyKey
from archipel.archive.quality import desk
from archipel.archive.quality.bin import Bench, restore_resent
from archipel.archive.quality.correction import State
from archipel.archive.quality.ports import File
from archipel.exchange.model import Author
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound, Unavailable
from archipel.kernel.identifiers import TenantId
from archipel.standards.dicom.header import scan
from archipel.stores.sql.archive.studies import SqlStudies

DOOR = "worker"
LANE = "quality"
INDEXED_WITHIN_S = 30.0
_AUTHOR = "system:quality"


class JournalDeposit:
    """`archive.quality.ports.Deposit` into the journal of this node."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def store(self, files: Iterable[File], *, tenant: TenantId, decision: str) -> None:
        """See the port."""
        node = self._node
        organisation = node.organisations.organisation(tenant=tenant)
        if organisation is None:
            raise NotFound(f"organisation {tenant} is not of this node: its home decides")
        place: JournalPlace | None = None
        slot = node.journal.slot()
        try:
            for one in files:
                slot.begin(one.head)
                slot.write([one.body])
                place = slot.commit(
                    Receipt(
                        tenant=tenant,
                        patient_issuer=organisation.issuer.namespace,
                        source=node.settings.node.name,
                        peer="",
                        door=DOOR,
                        association=f"quality {decision[-16:]}",
                        sop_class=one.sop_class,
                        sop_instance=one.sop_instance,
                        transfer_syntax=one.transfer_syntax,
                        digest=blake3(one.body).digest(),
                        received_at=node.clock(),
                        header=scan(one.body, one.transfer_syntax.value),
                    )
                )
        finally:
            slot.close()
        if place and not node.journal.wait_indexed(place, timeout_s=INDEXED_WITHIN_S):
            raise Unavailable("the decision is in the journal, not indexed yet: look again")


def bench_of(node: Node, *, door: str) -> Bench:
    """Return what quality control works with on this node."""
    return Bench(
        studies=SqlStudies(node.database),
        deposit=JournalDeposit(node),
        audit=node.audit,
        door=door,
    )


def subscriptions(node: Node) -> list[Subscription]:
    """Return who hears of decisions on quality."""
    bench = bench_of(node, door=DOOR)

    def correct(event: CorrectionAsked, *, now: datetime) -> None:
        scope = _scope(event.tenant)
        one = bench.studies.correction(event.correction, scope=scope)
        if one is None or one.state not in {State.ASKED, State.UNDOING}:
            return
        try:
            if one.state is State.ASKED:
                desk.do(one, scope=scope, bench=bench, contents=node.contents, now=now)
            else:
                desk.undo(one, scope=scope, bench=bench, now=now)
        except (Conflict, Malformed, NotFound) as wrong:
            bench.studies.settle(
                one.name, State.FAILED, detail=str(wrong), tenant=event.tenant, now=now
            )

    def keep_after_all(event: ExpiredSentAgain, *, now: datetime) -> None:
        del now  # the moment it was told makes the same note again
        key = StudyKey(event.tenant, event.study)
        scope = _scope(event.tenant)
        restore_resent(key, event.instances, scope=scope, bench=bench, now=event.at)

    def tell(event: InstancesRejected | InstancesRestored, *, now: datetime) -> None:
        _tell(node, StudyKey(event.tenant, event.study), now=now)

    return [
        Subscription(CorrectionAsked, "correct", correct, lane=LANE),
        Subscription(ExpiredSentAgain, "keep-after-all", keep_after_all, lane=LANE),
        Subscription(InstancesRejected, "recall-rejected", tell),
        Subscription(InstancesRestored, "recall-restored", tell),
    ]


def _tell(node: Node, key: StudyKey, *, now: datetime) -> None:
    """Recall from the other nodes a study of which nothing is left, or lift that."""
    scope = _scope(key.tenant)
    if node.organisations.organisation(tenant=key.tenant) is None:
        return  # at home elsewhere: its home recalls it
    author = Author(subject=_AUTHOR, organisation=key.tenant.value)
    left = node.catalogue.instances(scope=scope, study=key.study)
    if any(one.tenant == key.tenant for one in left):
        node.withholdings.restore(key, author=author, now=now)
        return
    with suppress(NotFound):  # no other node ever heard of it
        node.withholdings.recall_once(key, reason="rejected", author=author, now=now)


def _scope(tenant: TenantId) -> Scope:
    return Scope(Actor(ActorKind.NODE, "quality"), frozenset({tenant}))
