"""Images of other nodes for those who read them here, and ours for those at home beside us."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from archipel.app.peer_keys import name_of
from archipel.app.wiring import Node
from archipel.archive.model import StudyKey
from archipel.exchange.schedule import TransferClass
from archipel.exchange.want import Wish, want
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.reading.events import UrgencySet
from archipel.reading.model import ExamId, Urgency
from archipel.reading.request.model import Request
from archipel.stores.sql.following.lending import share

ACTOR = Actor(ActorKind.NODE, "requests for reading")
_CLASSES = {
    Urgency.STAT: TransferClass.STAT,
    Urgency.URGENT: TransferClass.ON_CALL,
    Urgency.INPATIENT: TransferClass.ROUTINE,
    Urgency.ROUTINE: TransferClass.ROUTINE,
}


@dataclass(frozen=True, slots=True)
class TransferWishes:
    """`reading.request.ports.Wishes` over transfers and shares."""

    node: Node

    def want(self, exam: ExamId, *, request: Request, reader: TenantId, now: datetime) -> None:
        """See the port. A prior travels in the class of its exam, behind it."""
        owners = self.node.owners
        if owners.local(exam.tenant):
            return  # it is at home here: shared, not fetched
        wish = Wish(
            study=StudyKey(exam.tenant, exam.study),
            from_node=str(owners.home(exam.tenant) or request.id.home),
            of_class=_CLASSES[request.urgency],
            reason=request.id.value,
            wanted_by=reader,
        )
        want(wish, transfers=self.node.transfers, owners=owners, now=now)

    def let_go(self, request: Request, *, now: datetime, but: Collection[ExamId] = ()) -> None:
        """See the port."""
        for one in self.node.transfers.under_way():
            exam = ExamId(one.key.tenant, one.key.study)
            if exam in but:
                continue
            if one.reason == request.id.value and not self._asked_again(exam, one.wanted_by):
                scope = Scope(ACTOR, frozenset({one.wanted_by}))
                why = "the request does not need it any more"
                self.node.transfers.withdraw(one.id, scope=scope, now=now, detail=why)

    def _asked_again(self, exam: ExamId, reader: TenantId) -> bool:
        """Tell whether another request needs what this one had fetched."""
        return self.node.requests.granted(exam, to=reader, tenant=exam.tenant)

    def is_here(self, exam: ExamId, *, tenant: TenantId) -> bool:
        """See the port. A foreign exam is in no list before all of it is here."""
        scope = Scope(ACTOR, frozenset({tenant}))
        try:
            self.node.exams.exam(exam, scope=scope, now=self.node.clock())
        except NotFound:
            return False
        return True

    def hand_over(self, exam: ExamId, *, request: Request, now: datetime) -> None:
        """See the port."""
        here = name_of(self.node.settings).value
        readers = {site.tenant for site in request.readers if site.node == here}
        for reader in sorted(readers):
            for study in (exam, *request.priors) if request.id.home == here else (exam,):
                if study.tenant != reader:
                    self._share(study, reader)
        self._hurry(exam, request.urgency, Scope(ACTOR, frozenset(readers)), now)

    def _share(self, exam: ExamId, reader: TenantId) -> None:
        if not self.is_here(exam, tenant=reader):
            share(self.node.database, exam.study, tenant=exam.tenant, to=reader)

    def _hurry(self, exam: ExamId, urgency: Urgency, scope: Scope, now: datetime) -> None:
        held = self.node.exams.exam(exam, scope=scope, now=now)
        if held.urgency <= urgency:
            return
        fact = UrgencySet(
            tenant=exam.tenant,
            at=now,
            study=exam.study,
            urgency=urgency.name.lower(),
            login=ACTOR.name,
        )
        self.node.exams.set_urgency(fact, urgency, scope=scope)
