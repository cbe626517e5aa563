"""Agreements for reading: who may be asked by an organisation. Made by its administrators."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.reading.request.model import Agreement
from archipel.reading.request.ports import Agreements

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NAME_LENGTH = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What making agreements needs at hand, for one actor."""

    agreements: Agreements
    audit: Audit
    scope: Scope
    door: str


def keep(agreement: Agreement, *, desk: Desk, now: datetime) -> Agreement:
    """Make an agreement, or replace that of its key; audited.

    Raises `NotFound` for an organisation out of scope, `Malformed`.
    """
    _check(agreement)
    _audited(desk, agreement, "kept", now)
    desk.agreements.keep(agreement, scope=desk.scope, now=now)
    return agreement


def end(asking: TenantId, key: str, *, desk: Desk, now: datetime) -> Agreement:
    """End an agreement now. Raises `NotFound`, `Conflict`.

    Requests made under it go on; once they are answered, see `ending`.
    """
    held = {one.key: one for one in desk.agreements.of(asking, scope=desk.scope)}.get(key)
    if held is None:
        raise NotFound(f"no agreement {key[:64]!r} of {asking}")
    if held.ends is not None and held.ends <= now:
        raise Conflict("this agreement has ended already")
    ended = replace(held, ends=now)
    _audited(desk, ended, "ended", now)
    desk.agreements.keep(ended, scope=desk.scope, now=now)
    return ended


def _check(agreement: Agreement) -> None:
    if not _KEY.fullmatch(agreement.key):
        raise Malformed("an agreement's key is 1 to 63 of a-z, 0-9 and hyphen")
    for site in (agreement.partner, *agreement.relief):
        name = site.name.strip()
        if not name or len(name) > _NAME_LENGTH or not name.isprintable():
            raise Malformed("say the name of who reads, in 1 to 128 printable characters")
    try:
        ZoneInfo(agreement.time_zone)
    except (ValueError, OSError, KeyError):  # what ZoneInfo raises for a name, a path, a gap
        raise Malformed(f"no such time zone: {agreement.time_zone[:64]!r}") from None


def _audited(desk: Desk, agreement: Agreement, what: str, now: datetime) -> None:
    entry = AuditEntry(
        tenant=agreement.asking,
        at=now,
        actor=desk.scope.actor,
        action=Action.CHANGE,
        subject=f"agreement {agreement.key}",
        door=desk.door,
        detail=f"{what}: {agreement.partner.tenant} at {agreement.partner.node}",
    )
    desk.audit.record([entry])
