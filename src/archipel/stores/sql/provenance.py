"""Where studies of other nodes came from, and the moment one is published here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from archipel.archive.model import StudyKey
from archipel.exchange.events import TransferPublished
from archipel.exchange.manifest import StudyManifest, digest_of
from archipel.exchange.model import Author, Draft, NodeName
from archipel.exchange.transfer import Happening, Transfer, after
from archipel.kernel.errors import Conflict, Unavailable
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.archive.statements import OWNER, SHARED
from archipel.stores.sql.facts import append
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.peering.homes import home_of
from archipel.stores.sql.schema.archive import study, study_organisation
from archipel.stores.sql.schema.transfers import adopted_pack, provenance
from archipel.stores.sql.session import Database, upsert
from archipel.stores.sql.transfer_rows import changed, locked


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a study came from, once for each revision that was taken in."""

    key: StudyKey
    from_node: str
    manifest: str
    revision: int
    size_bytes: int
    transfer: str
    at: datetime


class SqlProvenance:
    """Reads where studies came from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, key: StudyKey) -> Sequence[Provenance]:
        """Return where a study came from, latest first; empty for our own."""
        query = (
            select(provenance)
            .where(
                provenance.c.tenant == key.tenant.value,
                provenance.c.study_instance_uid == key.study.value,
            )
            .order_by(provenance.c.at.desc(), provenance.c.revision.desc())
        )
        with self._database.read() as connection:
            return [
                Provenance(
                    key=key,
                    from_node=row.from_node,
                    manifest=row.manifest,
                    revision=row.revision,
                    size_bytes=row.size_bytes,
                    transfer=row.transfer,
                    at=row.at,
                )
                for row in connection.execute(query)
            ]


def published(
    connection: Connection,
    held: Transfer,
    manifest: StudyManifest,
    packs: Sequence[str],
    *,
    now: datetime,
) -> Transfer:
    """Conclude a transfer in the transaction that took its packs in: share, provenance, fact.

    Node-wide: the transfer names its tenants. Raises `Conflict` when it was withdrawn meanwhile,
    or when its organisation is at home elsewhere than where it came from.
    """
    home = home_of(connection, tenant=held.key.tenant)
    if home is None or home.value != held.from_node:
        raise Conflict(f"{held.from_node} does not speak for {held.key.tenant}")
    following = after(locked(connection, held.id).state, Happening.COMMITTED)
    _share(connection, held.key, held.wanted_by)
    connection.execute(
        upsert(connection, provenance).on_conflict_do_nothing(),
        {
            "tenant": held.key.tenant.value,
            "study_instance_uid": held.key.study.value,
            "manifest": held.manifest or digest_of(manifest.encoded()),
            "from_node": held.from_node,
            "transfer": held.id,
            "revision": manifest.revision,
            "size_bytes": manifest.size_bytes,
            "at": now,
        },
    )
    _remember_roots(connection, manifest, packs)
    announce(
        connection,
        TransferPublished(
            tenant=held.wanted_by,
            at=now,
            transfer=held.id,
            owner=held.key.tenant,
            study=held.key.study,
            from_node=held.from_node,
            manifest=held.manifest or "",
        ),
    )
    append(connection, _receipt(held, manifest), now=now)
    return changed(
        connection,
        held.id,
        now=now,
        state=following.value,
        done_bytes=manifest.size_bytes,
        low_whole=True,
        detail="",
    )


def _receipt(held: Transfer, manifest: StudyManifest) -> Draft:
    """Write the fact ``transfer.received``: it goes back to the study's home."""
    return Draft(
        kind="transfer.received",
        subject=f"study:{held.key.study}",
        tenant=held.key.tenant,
        body={
            "manifest": held.manifest,
            "revision": manifest.revision,
            "for": held.wanted_by.value,
            "class": held.of_class.value,
            "reason": held.reason,
        },
        author=Author(subject="system:transfer", organisation=held.wanted_by.value),
        home=NodeName(held.from_node),
    )


def _share(connection: Connection, key: StudyKey, tenant: TenantId) -> None:
    row = connection.execute(
        select(study.c.id, study_organisation.c.moment, study_organisation.c.modalities)
        .join(study_organisation, study_organisation.c.study_id == study.c.id)
        .where(
            study.c.tenant == key.tenant.value,
            study.c.study_instance_uid == key.study.value,
            study_organisation.c.role == OWNER,
        )
    ).one_or_none()
    if row is None:
        raise Unavailable(f"study {key.study} was taken in but is not there")
    connection.execute(
        upsert(connection, study_organisation).on_conflict_do_nothing(),
        {
            "study_id": row.id,
            "tenant": tenant.value,
            "role": SHARED,
            "moment": row.moment,
            "modalities": row.modalities,
        },
    )


def _remember_roots(connection: Connection, manifest: StudyManifest, packs: Sequence[str]) -> None:
    order = list(dict.fromkeys(pack.series for pack in manifest.packs))
    by_series = dict(zip(order, packs, strict=True))
    for pack in manifest.packs:
        row = {"pack_key": by_series[pack.series], "part": pack.part}
        connection.execute(
            upsert(connection, adopted_pack)
            .values(root=pack.root, tenant=manifest.key.tenant.value, **row)
            .on_conflict_do_update(index_elements=["root"], set_=row)
        )
