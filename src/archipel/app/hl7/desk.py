"""What people do with messages and with who sends them; each deed is audited first."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from zoneinfo import available_timezones

from archipel.access.model import Action, AuditEntry
from archipel.app.hl7.intake import Intake
from archipel.app.wiring import Node
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.orders.model import KeptMessage, MessageState, Site
from archipel.standards.hl7v2.charset import codec_of
from archipel.stores.sql.orders.messages import settle

_REASON_LENGTH = 500
_NAME_LENGTH = 64
_PROCESSING = frozenset({"P", "T", "D"})
_SETTINGS = {"character-set": "", "time-zone": "UTC", "processing": "P"}  # and defaults
_DONE = frozenset({MessageState.ACTED_UPON, MessageState.DROPPED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Somebody at this node who looks after messages, within a scope."""

    node: Node
    scope: Scope
    door: str

    def put_site(self, site: Site) -> None:
        """Let a system send, or change how it is known. Raises `NotFound`, `Conflict`."""
        self._say(site.tenant, Action.CHANGE, f"site {site.name} set")
        self.node.sites.put(site)

    def remove_site(self, name: str) -> None:
        """Let a system send no more. Raises `NotFound`."""
        site = next((s for s in self.node.sites.within(self.scope) if s.name == name), None)
        if site is None:
            raise NotFound(f"no site {name}: archipel hl7 site list")
        self._say(site.tenant, Action.CHANGE, f"site {name} removed")
        self.node.sites.remove(name, scope=self.scope)

    def read(self, number: int) -> KeptMessage:
        """Read a message whole. Raises `NotFound`."""
        found = self.node.messages.message(number, scope=self.scope)
        self._say(found.tenant, Action.READ, f"message {number}")
        return found

    def replay(self, number: int) -> KeptMessage:
        """Do what a message asks for once more. Raises `NotFound`, `Fault`, `Conflict`."""
        found = self.node.messages.message(number, scope=self.scope)
        if found.state is MessageState.CLASHED:
            raise Conflict(
                f"message {number} bears the control id of another: have the site send it again "
                "under one of its own"
            )
        self._say(found.tenant, Action.CHANGE, f"message {number} to be replayed")
        return Intake(self.node.database, self.node.clock).replay(number, scope=self.scope)

    def drop(self, number: int, *, reason: str) -> None:
        """Decide that nothing is done of a message. Raises `NotFound`, `Malformed`, `Conflict`."""
        if not reason.strip() or len(reason) > _REASON_LENGTH:
            raise Malformed(f"a reason has 1 to {_REASON_LENGTH} characters")
        found = self.node.messages.message(number, scope=self.scope)
        if found.state in _DONE:
            raise Conflict(f"message {number} is {found.state.value} already")
        self._say(found.tenant, Action.CHANGE, f"message {number} dropped")
        dropped = replace(
            found,
            state=MessageState.DROPPED,
            reason=f"{reason.strip()} (was {found.state.value}: {found.reason})",
            settled_at=self.node.clock(),
        )
        with self.node.database.write() as connection:
            settle(connection, dropped)

    def _say(self, tenant: TenantId, action: Action, detail: str) -> None:
        entry = AuditEntry(
            tenant=tenant,
            at=self.node.clock(),
            actor=self.scope.actor,
            action=action,
            subject="hl7",
            door=self.door,
            detail=detail[:200],
        )
        self.node.audit.record([entry])


def site_of(
    node: Node,
    name: str,
    *,
    organisation: str,
    sender: tuple[str, str, str],
    settings: Mapping[str, str],
    renames: tuple[tuple[str, str], ...],
) -> Site:
    """Make a site from words. `sender`: MSH-3, MSH-4 and address.

    Its numbers are the organisation's where a message does not say. Raises `Malformed`,
    `NotFound`.
    """
    held = node.organisations.organisation(tenant=TenantId(organisation))
    if held is None:
        raise NotFound(f"no organisation {organisation}: archipel organisation list")
    if not name.strip() or len(name) > _NAME_LENGTH or not name.isprintable():
        raise Malformed(f"a site's name has 1 to {_NAME_LENGTH} printable characters")
    if not any(sender):
        raise Malformed("name the site's application (MSH-3), facility (MSH-4) or host")
    if unknown := set(settings) - set(_SETTINGS):
        raise Malformed(f"no such setting of a site: {', '.join(sorted(unknown))}")
    character_set, time_zone, processing = (settings.get(k, v) for k, v in _SETTINGS.items())
    codec_of(character_set)
    if time_zone not in available_timezones():
        raise Malformed(f"{time_zone} is no name of the tz database, such as America/Cayenne")
    if not processing.split() or not set(processing.split()) <= _PROCESSING:
        raise Malformed("processing is some of P T D, with spaces between")
    application, facility, host = sender
    return Site(
        name=name,
        tenant=held.key,
        application=application,
        facility=facility,
        host=host,
        patient_issuer=held.issuer,
        accession_issuer=held.issuer,
        renames=renames,
        character_set=character_set,
        time_zone=time_zone,
        processing=processing,
    )
