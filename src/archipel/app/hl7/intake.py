"""From the bytes of messages to rows and answers: several messages, one transaction.

Nothing is answered before the commit. The same message again is answered as the first time; other
bytes under its control id (MSH-3, MSH-4, MSH-10) are refused, kept and told. What this node fails
on is kept as a dead letter, for `archipel hl7 replay`.
"""

import hashlib
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from archipel.access.model import Action, AuditEntry
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.clock import Clock
from archipel.kernel.errors import ArchipelError
from archipel.orders.act import Done, act, actor_of
from archipel.orders.errors import SenderUnknown
from archipel.orders.model import KeptMessage, MessageState, Site
from archipel.orders.understand import understand
from archipel.standards.hl7v2.acknowledgement import Code, Verdict, answers, unreadable
from archipel.standards.hl7v2.errors import Condition, Fault, Location
from archipel.standards.hl7v2.message import Segment, parse, peek
from archipel.stores.sql import audit
from archipel.stores.sql.orders.book import SqlOrderBook
from archipel.stores.sql.orders.messages import (
    keep,
    message_in,
    same_control_id,
    settle,
)
from archipel.stores.sql.orders.patients import SqlPatients
from archipel.stores.sql.orders.sites import SqlSites
from archipel.stores.sql.session import Database

DOOR = "hl7"
SITES_FOR_S = 2.0  # a change of the sites is known after
REFUSALS_EVERY_S = 60.0  # of a stranger are audited once in this time
_STRANGERS_MOST = 1000
_REJECTED = frozenset(
    {
        Condition.UNSUPPORTED_MESSAGE,
        Condition.UNSUPPORTED_EVENT,
        Condition.UNSUPPORTED_PROCESSING,
        Condition.UNSUPPORTED_VERSION,
    }
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """The bytes of one message, and the network address they came from."""

    body: bytes
    host: str


@dataclass(slots=True)
class Intake:
    """Takes messages in. For one thread at a time."""

    database: Database
    clock: Clock
    _sites: dict[tuple[str, str, str], tuple[float, Site | None]] = field(default_factory=dict)
    _strangers: dict[str, float] = field(default_factory=dict)

    def take(self, received: Sequence[Received]) -> Sequence[Sequence[bytes]]:
        """Take messages in, in order; return what each is answered. Durable on return.

        When the database takes nothing, every sender is told to come back (AR).
        """
        now = self.clock()
        known = [self._known(one) for one in received]
        entries: list[AuditEntry] = []
        try:
            with self.database.write() as connection:
                given = [
                    self._one(connection, one, who, entries, now)
                    for one, who in zip(received, known, strict=True)
                ]
                audit.append(connection, entries)
        except ArchipelError as failure:
            _log.warning("messages are not taken now: %s", failure)
            return [_come_back(who, now) for who in known]
        return given

    def replay(self, number: int, *, scope: Scope) -> KeptMessage:
        """Do once more what a kept message asks for. Raises `NotFound`, `Fault` (still wrong)."""
        now = self.clock()
        with self.database.write() as connection:
            kept = message_in(connection, number, scope=scope)
            site = next((one for one in self._all(scope) if one.name == kept.site), None)
            if site is None or site.tenant != kept.tenant:
                raise SenderUnknown(kept.site)
            done = _done(connection, kept.body, site, now)
            given = answers(peek(kept.body), _ACCEPTED, control_id=secrets.token_hex(8), now=now)
            settle(
                connection,
                replace(
                    kept,
                    state=done.state,
                    reason=done.reason,
                    answers=tuple(given),
                    settled_at=now,
                ),
            )
            entry = _entry(site, scope.actor, Action.CHANGE, f"hl7 message {number} replayed", now)
            audit.append(connection, [replace(entry, door="cli")])
            return replace(kept, state=done.state, reason=done.reason, settled_at=now)

    def _known(self, received: Received) -> "_Sender | Fault":
        try:
            msh = peek(received.body)
        except Fault as fault:
            return fault
        site = self._site(msh.text(3), msh.text(4), received.host)
        return _Sender(msh, site)

    def _all(self, scope: Scope) -> Sequence[Site]:
        return SqlSites(self.database).within(scope)

    def _site(self, application: str, facility: str, host: str) -> Site | None:
        key, moment_s = (application[:200], facility[:200], host), time.monotonic()
        found = self._sites.get(key)
        if found is None or moment_s - found[0] > SITES_FOR_S:
            if len(self._sites) >= _STRANGERS_MOST:
                self._sites.clear()
            site = SqlSites(self.database).sending(
                application=application, facility=facility, host=host
            )
            self._sites[key] = found = (moment_s, site)
        return found[1]

    def _one(
        self,
        connection: Connection,
        received: Received,
        who: "_Sender | Fault",
        entries: list[AuditEntry],
        now: datetime,
    ) -> Sequence[bytes]:
        if isinstance(who, Fault):
            self._stranger(received.host, str(who), entries, now)
            return [unreadable(who, control_id=secrets.token_hex(8), now=now)]
        if who.site is None:
            self._stranger(received.host, "no such site", entries, now)
            return who.answers(_STRANGER, now)
        letter = _Letter(connection, received.body, who.msh, who.site, now)
        given, entry = letter.taken()
        entries.append(entry)
        return given

    def _stranger(self, host: str, why: str, entries: list[AuditEntry], now: datetime) -> None:
        """Audit a refusal, of one address once a minute: a stranger cannot fill the audit."""
        moment_s = time.monotonic()
        if moment_s - self._strangers.get(host, -REFUSALS_EVERY_S) < REFUSALS_EVERY_S:
            return
        if len(self._strangers) >= _STRANGERS_MOST:
            self._strangers.clear()
        self._strangers[host] = moment_s
        entries.append(
            AuditEntry(
                tenant=None,
                at=now,
                actor=Actor(ActorKind.SERVICE, host),
                action=Action.REFUSE,
                subject="hl7",
                door=DOOR,
                detail=why[:200],
            )
        )


@dataclass(frozen=True, slots=True)
class _Sender:
    msh: Segment
    site: Site | None

    def answers(self, fault: Fault, now: datetime) -> Sequence[bytes]:
        verdict = Verdict(code=Code.APPLICATION_REJECT, faults=(fault,))
        return answers(self.msh, verdict, control_id=secrets.token_hex(8), now=now)


@dataclass(slots=True)
class _Letter:
    """One message of a known site, in a transaction."""

    connection: Connection
    body: bytes
    msh: Segment
    site: Site
    now: datetime

    def taken(self) -> tuple[Sequence[bytes], AuditEntry]:
        """Do what it asks for and keep it; return the answers and the audit's row."""
        digest = hashlib.sha256(self.body).digest()
        before = same_control_id(
            self.connection,
            tenant=self.site.tenant,
            application=self.msh.text(3),
            facility=self.msh.text(4),
            control_id=self.msh.text(10),
        )
        for known, kept in before:
            if known == digest:
                entry = self._audited(Action.RECEIVE, f"message {kept.id} again")
                return kept.answers, entry
        if before and self.msh.text(10):
            fault = Fault(
                "another message came under this control id",
                where=Location("MSH", field=10),
                condition=Condition.DUPLICATE_KEY,
            )
            _log.error(
                "hl7: site %s used a control id for two messages: the second is refused; see "
                "archipel hl7 list --state clashed",
                self.site.name,
            )
            return self._kept(digest, Done(state=MessageState.CLASHED, reason=fault.text), fault)
        try:
            with self.connection.begin_nested():
                done = _done(self.connection, self.body, self.site, self.now)
        except Fault as fault:
            return self._kept(
                digest, Done(state=MessageState.REFUSED, reason=str(fault)[:500]), fault
            )
        except Exception as failure:
            if isinstance(failure, ArchipelError) and failure.retryable:
                raise  # the database: nobody's message is kept, all are told to come back
            _log.exception("hl7: a message of %s cannot be acted upon", self.site.name)
            ours = Fault(
                "a fault of this node: the message is kept",
                condition=Condition.APPLICATION,
            )
            reason = type(failure).__name__
            return self._kept(digest, Done(state=MessageState.DEAD, reason=reason), ours)
        return self._kept(digest, done, None)

    def _kept(
        self, digest: bytes, done: Done, fault: Fault | None
    ) -> tuple[Sequence[bytes], AuditEntry]:
        msh, site = self.msh, self.site
        verdict = _verdict(fault) if fault else _ACCEPTED
        given = answers(msh, verdict, control_id=secrets.token_hex(8), now=self.now)
        message = KeptMessage(
            id=0,
            tenant=site.tenant,
            site=site.name,
            application=msh.text(3),
            facility=msh.text(4),
            control_id=msh.text(10),
            kind="^".join(filter(None, (msh.text(9, 1), msh.text(9, 2)))),
            body=self.body,
            answers=tuple(given),
            state=done.state,
            reason=done.reason,
            received_at=self.now,
            settled_at=self.now,
        )
        number = keep(self.connection, message, digest=digest)
        action = Action.REFUSE if fault else Action.RECEIVE
        told = f"message {number} {done.state.value} {' '.join(done.touched)}"
        return given, self._audited(action, told)

    def _audited(self, action: Action, detail: str) -> AuditEntry:
        return _entry(self.site, actor_of(self.site), action, detail, self.now)


_ACCEPTED = Verdict(code=Code.APPLICATION_ACCEPT)
_STRANGER = Fault(
    "this sender is not known here",
    where=Location("MSH", field=3),
    condition=Condition.UNKNOWN_KEY,
)
_NOT_NOW = Fault("not now: send it again", condition=Condition.LOCKED)


def _done(connection: Connection, body: bytes, site: Site, now: datetime) -> Done:
    message = parse(body, undeclared=site.character_set)
    return act(
        understand(message, site),
        site=site,
        control_id=message.header.text(10),
        book=SqlOrderBook(connection),
        patients=SqlPatients(connection),
        now=now,
    )


def _verdict(fault: Fault) -> Verdict:
    rejected = fault.condition in _REJECTED or fault.condition is Condition.DUPLICATE_KEY
    code = Code.APPLICATION_REJECT if rejected else Code.APPLICATION_ERROR
    return Verdict(code=code, faults=(fault,))


def _come_back(who: _Sender | Fault, now: datetime) -> Sequence[bytes]:
    if isinstance(who, Fault):
        return [unreadable(who, control_id=secrets.token_hex(8), now=now)]
    return who.answers(_NOT_NOW, now)


def _entry(site: Site, actor: Actor, action: Action, detail: str, now: datetime) -> AuditEntry:
    return AuditEntry(
        tenant=site.tenant,
        at=now,
        actor=actor,
        action=action,
        subject="hl7",
        door=DOOR,
        detail=detail.strip()[:200],
    )
