"""What this node offers to others: manifests of its own studies and the digests of their packs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Select, exists, insert, select, update

from archipel.archive.model import SeriesKey, StudyKey
from archipel.exchange.events import StudyOffered
from archipel.exchange.manifest import PackEntry, StudyManifest, digest_of
from archipel.exchange.offered import Described, OfferedPack, OfferedStudy
from archipel.kernel.errors import Unavailable
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.announcement import available
from archipel.stores.sql.facts import append
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.archive import series, study
from archipel.stores.sql.schema.transfers import offered_pack, offered_study, provenance
from archipel.stores.sql.session import Database, alone, upsert

_LEFT = study.c.instance_count > study.c.hidden_instances_from_people  # not rejected altogether


class SqlOffers:
    """Rows of what is offered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sealed(self, key: StudyKey) -> Mapping[SeriesKey, str] | None:
        """Give the packs of a study that is ours, whole, sealed and not rejected, else None."""
        foreign = exists().where(
            provenance.c.tenant == study.c.tenant,
            provenance.c.study_instance_uid == study.c.study_instance_uid,
        )
        query = (
            select(series.c.series_instance_uid, series.c.sealed, series.c.pack_key)
            .join(study, study.c.id == series.c.study_id)
            .where(
                study.c.tenant == key.tenant.value,
                study.c.study_instance_uid == key.study.value,
                study.c.completed_at.is_not(None),
                _LEFT,
                ~foreign,
            )
            .order_by(series.c.number, series.c.series_instance_uid)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        if not rows or not all(row.sealed for row in rows):
            return None
        return {
            SeriesKey(key.tenant, key.study, Uid(row.series_instance_uid)): row.pack_key
            for row in rows
        }

    def unoffered(self, *, limit: int) -> Sequence[StudyKey]:
        """Give complete studies that are not offered yet. Node-wide: a sweep serves everybody."""
        offered = exists().where(
            offered_study.c.tenant == study.c.tenant,
            offered_study.c.study_instance_uid == study.c.study_instance_uid,
            offered_study.c.current,
        )
        foreign = exists().where(
            provenance.c.tenant == study.c.tenant,
            provenance.c.study_instance_uid == study.c.study_instance_uid,
        )
        unsealed = exists().where(series.c.study_id == study.c.id, ~series.c.sealed)
        query = (
            select(study.c.tenant, study.c.study_instance_uid)
            .where(study.c.completed_at.is_not(None), _LEFT, ~offered, ~foreign, ~unsealed)
            .order_by(study.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [
                StudyKey(TenantId(tenant), Uid(uid)) for tenant, uid in connection.execute(query)
            ]

    def described(self, pack: str, *, tenant: TenantId) -> Sequence[OfferedPack]:
        """Give what is known of the files of a pack, by part."""
        query = (
            select(offered_pack)
            .where(offered_pack.c.pack_key == pack, offered_pack.c.tenant == tenant.value)
            .order_by(offered_pack.c.part)
        )
        with self._database.read() as connection:
            return [_pack(row) for row in connection.execute(query)]

    def pack(self, root: str) -> OfferedPack | None:
        """Give one file. Node-wide: the door asks whose it is and decides."""
        with self._database.read() as connection:
            row = connection.execute(
                select(offered_pack).where(offered_pack.c.root == root)
            ).one_or_none()
        return _pack(row) if row else None

    def manifest(self, key: StudyKey) -> OfferedStudy | None:
        """Give the manifest of a study as it is now."""
        with self._database.read() as connection:
            row = connection.execute(_current(key)).one_or_none()
        return _study(row) if row else None

    def by_digest(self, digest: str) -> OfferedStudy | None:
        """Give a manifest, superseded ones too. Node-wide: the door asks whose it is."""
        with self._database.read() as connection:
            row = connection.execute(
                select(offered_study).where(offered_study.c.manifest == digest)
            ).one_or_none()
        return _study(row) if row else None

    def offer(
        self, manifest: StudyManifest, packs: Sequence[OfferedPack], *, now: datetime
    ) -> None:
        """Put a manifest in the place of the one before. Node-wide: it names its tenant."""
        key, content = manifest.key, manifest.encoded()
        mine = {"tenant": key.tenant.value, "study_instance_uid": key.study.value}
        with self._database.write() as connection:
            alone(connection, "offers")
            held = connection.execute(_current(key)).one_or_none()
            if held is not None and held.manifest == digest_of(content):
                return
            if (held.manifest if held else None) != manifest.supersedes:
                raise Unavailable(f"study {key.study} is being offered by somebody else")
            for table in (offered_study, offered_pack):
                connection.execute(
                    update(table)
                    .where(*(table.c[name] == value for name, value in mine.items()))
                    .values(current=False)
                )
            connection.execute(
                insert(offered_study),
                mine
                | {
                    "manifest": digest_of(content),
                    "revision": manifest.revision,
                    "content": content,
                    "made_at": now,
                    "current": True,
                },
            )
            for one in packs:
                row = mine | _pack_values(one)
                connection.execute(
                    upsert(connection, offered_pack)
                    .values(**row)
                    .on_conflict_do_update(index_elements=["root"], set_=row)
                )
            announce(
                connection,
                StudyOffered(
                    tenant=key.tenant,
                    at=now,
                    study=key.study,
                    manifest=digest_of(content),
                    revision=manifest.revision,
                ),
            )
            append(connection, available(connection, manifest), now=now)


def _current(key: StudyKey) -> Select[Any]:
    return select(offered_study).where(
        offered_study.c.tenant == key.tenant.value,
        offered_study.c.study_instance_uid == key.study.value,
        offered_study.c.current,
    )


def _pack_values(one: OfferedPack) -> dict[str, Any]:
    described = one.described
    return {
        "root": described.entry.root,
        "pack_key": one.pack,
        "part": described.entry.part,
        "size_bytes": described.entry.size_bytes,
        "written_us": described.written_us,
        "entry": msgspec.msgpack.encode(described.entry),
        "leaves": described.leaves,
        "current": True,
    }


def _pack(row: Row[Any]) -> OfferedPack:
    entry = msgspec.msgpack.decode(row.entry, type=PackEntry)
    return OfferedPack(
        key=StudyKey(TenantId(row.tenant), Uid(row.study_instance_uid)),
        pack=row.pack_key,
        described=Described(entry, row.leaves, row.written_us),
        current=row.current,
    )


def _study(row: Row[Any]) -> OfferedStudy:
    key = StudyKey(TenantId(row.tenant), Uid(row.study_instance_uid))
    return OfferedStudy(key, row.manifest, row.content, row.current)
