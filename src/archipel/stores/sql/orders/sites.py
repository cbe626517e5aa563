"""The systems that send messages, and for which organisation each speaks."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.exc import IntegrityError

from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import Issuer, TenantId
from archipel.orders.model import Site
from archipel.stores.sql.schema.access import organisation
from archipel.stores.sql.schema.orders import hl7_site
from archipel.stores.sql.session import Database, upsert

_SITES_MOST = 1000


class SqlSites:
    """`orders.ports.Sites`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, site: Site) -> None:
        """Add or replace a site. Node-wide: it carries its tenant."""
        values = {
            "tenant": site.tenant.value,
            "application": site.application,
            "facility": site.facility,
            "host": site.host,
            "told": {
                "patient_issuer": site.patient_issuer.namespace,
                "accession_issuer": site.accession_issuer.namespace,
                "renames": [list(one) for one in site.renames],
                "character_set": site.character_set,
                "time_zone": site.time_zone,
                "processing": site.processing,
            },
        }
        with self._database.write() as connection:
            known = select(organisation.c.tenant).where(organisation.c.tenant == site.tenant.value)
            if connection.scalar(known) is None:
                raise NotFound(f"no organisation {site.tenant}: archipel organisation list")
            held = connection.scalar(select(hl7_site.c.tenant).where(hl7_site.c.name == site.name))
            if held not in {None, site.tenant.value}:
                raise Conflict(f"{site.name} is the name of a site of another organisation")
            try:
                connection.execute(
                    upsert(connection, hl7_site)
                    .values(name=site.name, **values)
                    .on_conflict_do_update(index_elements=["name"], set_=values)
                )
            except IntegrityError:
                raise Conflict("another site is known by the same sender already") from None

    def remove(self, name: str, *, scope: Scope) -> Site:
        """Forget a site."""
        with self._database.write() as connection:
            row = connection.execute(
                delete(hl7_site).where(hl7_site.c.name == name, _in(scope)).returning(*hl7_site.c)
            ).one_or_none()
        if row is None:
            raise NotFound(f"no site {name}: archipel hl7 site list")
        return _site(row)

    def within(self, scope: Scope) -> Sequence[Site]:
        """List sites."""
        query = select(hl7_site).where(_in(scope)).order_by(hl7_site.c.name).limit(_SITES_MOST)
        with self._database.read() as connection:
            return [_site(row) for row in connection.execute(query)]

    def sending(self, *, application: str, facility: str, host: str) -> Site | None:
        """Find whose message it is. Node-wide: before anybody is known."""
        table = hl7_site.c
        query = select(hl7_site).where(
            table.application.in_(["", application]),
            table.facility.in_(["", facility]),
            table.host.in_(["", host]),
        )
        with self._database.read() as connection:
            found = [_site(row) for row in connection.execute(query)]
        return max(found, key=_precision, default=None)


def _precision(site: Site) -> tuple[int, str]:
    named = sum(map(bool, (site.application, site.facility, site.host)))
    return named, site.name


def _in(scope: Scope) -> Any:
    return hl7_site.c.tenant.in_([tenant.value for tenant in scope.tenants])


def _site(row: Row[Any]) -> Site:
    told = row.told
    return Site(
        name=row.name,
        tenant=TenantId(row.tenant),
        application=row.application,
        facility=row.facility,
        host=row.host,
        patient_issuer=Issuer(told["patient_issuer"]),
        accession_issuer=Issuer(told["accession_issuer"]),
        renames=tuple((one[0], one[1]) for one in told["renames"]),
        character_set=told["character_set"],
        time_zone=told["time_zone"],
        processing=told["processing"],
    )
