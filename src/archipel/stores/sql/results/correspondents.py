"""Referrers whose mail address an organisation knows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, select

from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.results.model import Correspondent, MailAddress, name_key
from archipel.stores.sql.schema.results import correspondent
from archipel.stores.sql.session import Database, upsert


class SqlCorrespondents:
    """`archipel.results.ports.Correspondents`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, known: Correspondent) -> None:
        """See the port. Node-wide: a correspondent names its organisation."""
        kept = {
            "name": known.name,
            "mail": known.mail.value,
            "language": known.language,
        }
        named = {"tenant": known.tenant.value, "key": known.key}
        with self._database.write() as connection:
            row = upsert(connection, correspondent).values(**named, **kept)
            connection.execute(row.on_conflict_do_update(index_elements=list(named), set_=kept))

    def remove(self, key: str, *, tenant: TenantId) -> None:
        """See the port."""
        gone = delete(correspondent).where(
            correspondent.c.tenant == tenant.value, correspondent.c.key == key
        )
        with self._database.write() as connection:
            if connection.execute(gone).rowcount != 1:
                raise NotFound(f"{tenant} knows no referrer of this name")

    def named(self, name: str, *, tenant: TenantId) -> Correspondent | None:
        """See the port."""
        query = select(correspondent).where(
            correspondent.c.tenant == tenant.value, correspondent.c.key == name_key(name)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return _read(row) if row else None

    def of(self, *, tenant: TenantId) -> Sequence[Correspondent]:
        """See the port."""
        query = select(correspondent).where(correspondent.c.tenant == tenant.value)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(correspondent.c.key))
            return [_read(row) for row in rows]


def _read(row: Row[Any]) -> Correspondent:
    return Correspondent(
        tenant=TenantId(row.tenant),
        name=row.name,
        mail=MailAddress(row.mail),
        language=row.language,
    )
