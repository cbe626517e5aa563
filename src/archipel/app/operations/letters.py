"""Work that failed for good: what it was, why, and the two things to do about it.

A delivery that a subscriber refused too often is a dead letter of the outbox. Anybody may ask for
it once more, also while the worker is down: asking is a mark on the letter, and the worker's
relay, which alone may put work on its lanes, sees it (ADR 0094).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.app.home import Home, noted
from archipel.kernel.actors import Scope
from archipel.kernel.clock import Clock
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.protocols.web.models.node import StuckWork
from archipel.stores.sql import outbox
from archipel.stores.sql.session import Database

SHOWN = 200
REASON_LENGTH = 200
WAITING = "work.json"


@dataclass(frozen=True, slots=True)
class Letters:
    """`protocols.web.services.Letters`, and what `archipel work` uses."""

    database: Database
    audit: Audit
    clock: Clock
    door: str

    def listed(self, *, scope: Scope) -> Sequence[StuckWork]:
        """Give what is stuck of the organisations in scope, latest first."""
        with self.database.read() as connection:
            letters = outbox.dead_letters(connection, limit=SHOWN)
        return [_view(one) for one in letters if _visible(one, scope)]

    def retry(self, name: str, *, scope: Scope) -> None:
        """Ask for one more delivery; audited. Raises `NotFound`."""
        letter = self._letter(name, scope)
        self._say(letter, "delivered again", scope)
        with self.database.write() as connection:
            outbox.ask_again(connection, letter.position, letter.subscriber, at=self.clock())

    def drop(self, name: str, *, reason: str, scope: Scope) -> None:
        """Forget one for a reason: what it should have done stays undone; audited.

        Raises `NotFound`, `Malformed` (no reason).
        """
        if not reason.strip() or len(reason) > REASON_LENGTH:
            raise Malformed(f"say why in 1 to {REASON_LENGTH} characters")
        letter = self._letter(name, scope)
        self._say(letter, f"dropped: {reason.strip()}", scope)
        with self.database.write() as connection:
            outbox.unbury(connection, letter.position, letter.subscriber)

    def _letter(self, name: str, scope: Scope) -> outbox.DeadLetter:
        position, _, subscriber = name.partition("-")
        letter = None
        if position.isascii() and position.isdigit() and len(position) < len(str(2**63)):
            with self.database.read() as connection:
                letter = outbox.dead_letter_of(connection, int(position), subscriber)
        if letter is None or not _visible(letter, scope):
            raise NotFound(f"no stuck work is called {name[:80]!r}")
        return letter

    def _say(self, letter: outbox.DeadLetter, what: str, scope: Scope) -> None:
        entry = AuditEntry(
            tenant=_tenant(letter),
            at=self.clock(),
            actor=scope.actor,
            action=Action.CHANGE,
            subject=f"{letter.position}-{letter.subscriber}",
            door=self.door,
            detail=f"work {letter.kind} {what}",
        )
        self.audit.record([entry])


def save_waiting(home: Home, counts: Mapping[str, int], *, now: datetime) -> None:
    """Keep what waits on each lane in a small file: only the worker can count it."""
    noted(home.run / WAITING, json.dumps({"at": now.isoformat(), "lanes": dict(counts)}))


def _view(letter: outbox.DeadLetter) -> StuckWork:
    return StuckWork(
        id=f"{letter.position}-{letter.subscriber}",
        organisation=said.value if (said := _tenant(letter)) else None,
        kind=letter.kind,
        subscriber=letter.subscriber,
        attempts=letter.attempts,
        reason=letter.reason,
        study_instance_uid=_value(letter.body, "study"),
        at=letter.at,
        asked_at=letter.asked_at,
    )


def _visible(letter: outbox.DeadLetter, scope: Scope) -> bool:
    """Tell whether it is in scope; one so broken that it names nobody is anybody's."""
    tenant = _tenant(letter)
    return tenant is None or scope.sees(tenant)


def _tenant(letter: outbox.DeadLetter) -> TenantId | None:
    value = _value(letter.body, "tenant")
    try:
        return TenantId(value) if value else None
    except Malformed:
        return None


def _value(body: Mapping[str, Any], name: str) -> str | None:
    said = body.get(name)
    value = said.get("value") if isinstance(said, dict) else None
    return value if isinstance(value, str) else None
