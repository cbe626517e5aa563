"""Source patients, as messages speak of them, in the transaction that keeps the message."""

import secrets
from datetime import datetime

from sqlalchemy import Connection, select

from archipel.identity.model import Appearance, Link, PersonId, SourceKey, Traits, doubts
from archipel.identity.resolve import TEXT_LENGTH
from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.identity import join, seen
from archipel.stores.sql.schema.identity import appearance, source_patient


class SqlPatients:
    """`orders.ports.Patients`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known(self, key: SourceKey, *, tenant: TenantId) -> bool:
        """Tell whether this organisation knows the source."""
        query = (
            select(source_patient.c.id)
            .join(appearance, appearance.c.source_id == source_patient.c.id)
            .where(
                source_patient.c.value == key.identifier.value,
                source_patient.c.issuer == key.identifier.issuer.namespace,
                source_patient.c.alone == key.alone,
                appearance.c.tenant == tenant.value,
            )
            .limit(1)
        )
        return self._connection.scalar(query) is not None

    def note(self, key: SourceKey, traits: Traits, *, tenant: TenantId, now: datetime) -> None:
        """Note an appearance; what a registration says counts as one more study would."""
        kept = Traits(traits.name[:TEXT_LENGTH], traits.birth_date[:16], traits.sex[:16])
        seen(
            self._connection,
            key,
            Appearance(tenant=tenant, traits=kept, first_seen=now, last_seen=now),
            study=f"{tenant}/registration",
            fresh=PersonId(secrets.token_hex(12)),
            doubtful=lambda every: bool(doubts(every)),
        )

    def join(self, link: Link, *, scope: Scope) -> None:
        """Join two sources."""
        join(self._connection, link, scope=scope)
