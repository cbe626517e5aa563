"""`archive.ports.SealIndex` and `Holdings`: what is kept, what to seal, and how it is published.

Opened `FULL`: a segment may go only when the pack that replaces it is published for good.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, select, update

from archipel.archive.events import SeriesSealed
from archipel.archive.model import (
    Held,
    JournalPlace,
    PackPlace,
    Sealed,
    SeriesKey,
    SetAside,
    ToSeal,
)
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive.answers import PACK_COLUMNS, images
from archipel.stores.sql.archive.packed import sealed as sealed_instances
from archipel.stores.sql.archive.quarantine import DISCARDED
from archipel.stores.sql.archive.rows import uid_hash
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.archive import (
    instance,
    quarantine,
    sealed_instance,
    segment,
    series,
    study,
)
from archipel.stores.sql.schema.hosts import condemned_pack
from archipel.stores.sql.session import Database, alone, upsert

_AT_ONCE = 1000
_SERIES_AT_ONCE = 20
_PACKS = "packs"  # the turn of those who publish and of those who condemn
_KEPT = timedelta(days=30)  # longer than any builder stands still


class SqlSealIndex:
    """The index as sealing and reclaiming use it."""

    def __init__(self, database: Database, *, host: int | None = None) -> None:
        """`host` is this home's number where several share the database."""
        self._database, self._host = database, host

    def quiet_series(self, *, before: datetime, limit: int) -> Sequence[SeriesKey]:
        """Give open series that are quiet. Node-wide: every organisation's are sealed alike."""
        query = (
            select(series.c.tenant, study.c.study_instance_uid, series.c.series_instance_uid)
            .join(study, study.c.id == series.c.study_id)
            .where(~series.c.sealed, series.c.received_last_at < before)
            .order_by(series.c.received_last_at)
            .limit(limit)
        )
        if self._host is not None:
            query = query.where(
                select(instance.c.series_id)
                .join(segment, segment.c.id == instance.c.segment)
                .where(instance.c.series_id == series.c.id, segment.c.host == self._host)
                .exists()
            )
        with self._database.read() as connection:
            return [
                SeriesKey(TenantId(tenant), Uid(study_uid), Uid(series_uid))
                for tenant, study_uid, series_uid in connection.execute(query)
            ]

    def to_seal(self, key: SeriesKey) -> ToSeal | None:
        """Give the whole series at one moment; None when nothing of it lies in the journal."""
        query = _series(key).where(~series.c.sealed)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            held = tuple(one for _row, one, _said in images(connection, [row], scope=None))
            if self._host is not None:
                away = _elsewhere(connection, row.series_key, self._host)
                held = tuple(one for one in held if segment_of(one) not in away)
        if all(isinstance(one.place, PackPlace) for one in held):
            return None
        return ToSeal(key=key, generation=row.generation, instances=held)

    def elsewhere(self, key: SeriesKey) -> Sequence[int]:
        """Name other hosts whose journals hold something of a series."""
        if self._host is None:
            return ()
        with self._database.read() as connection:
            row = connection.execute(_series(key).where(~series.c.sealed)).one_or_none()
            if row is None:
                return ()
            return sorted(set(_elsewhere(connection, row.series_key, self._host).values()))

    def publish(self, sealed: Sealed, *, now: datetime) -> bool:
        """Say that the series lies in this pack. Node-wide: the series names its tenant.

        False, and nothing changed, when the series is of another generation by now.
        """
        with self._database.write() as connection:
            return publish(connection, sealed, now=now)

    def condemn(self, packs: Collection[str], *, now: datetime) -> Collection[str]:
        """Note those that no series lies in. Node-wide: a pack is asked for by its key."""
        unused = set(packs) - set(self.packs_in_use(packs))
        if not unused:
            return unused
        with self._database.write() as connection:
            alone(connection, _PACKS)  # nobody publishes meanwhile
            for some in _pieces(list(unused)):
                unused -= _in_use(connection, some)
            if unused:
                connection.execute(
                    upsert(connection, condemned_pack).on_conflict_do_nothing(),
                    [{"pack_key": pack, "at": now} for pack in unused],
                )
            connection.execute(delete(condemned_pack).where(condemned_pack.c.at < now - _KEPT))
        return unused

    def packs_in_use(self, packs: Collection[str]) -> Collection[str]:
        """Give those that some series lies in. Node-wide: a pack is asked for by its key."""
        wanted, used = list(packs), set[str]()
        with self._database.read() as connection:
            for some in _pieces(wanted):
                used |= _in_use(connection, some)
        return used

    def every_pack(self) -> Iterator[str]:
        """Give every pack that some series lies in. Node-wide: as above."""
        with self._database.read() as connection:
            query = select(series.c.pack_key).where(series.c.pack_key.is_not(None))
            yield from connection.execution_options(yield_per=_AT_ONCE).execute(query).scalars()

    def idle_segments(self) -> Mapping[int, int]:
        """Give segments nothing lies in. Node-wide: a segment serves every organisation."""
        query = select(segment.c.id, segment.c.applied).where(segment.c.live == 0)
        if self._host is not None:
            query = query.where(segment.c.host == self._host)
        with self._database.read() as connection:
            return dict(connection.execute(query).all())

    def forget_segments(self, segments: Collection[int]) -> None:
        """Drop the rows of segments that are gone. Node-wide: as above."""
        with self._database.write() as connection:
            connection.execute(
                delete(segment).where(segment.c.id.in_(segments), segment.c.live == 0)
            )


def publish(connection: Connection, sealed: Sealed, *, now: datetime) -> bool:
    """Do what `SqlSealIndex.publish` does, in the caller's transaction. Node-wide: as there."""
    key = sealed.key
    row = connection.execute(_series(key).with_for_update(of=series)).one_or_none()
    if row is None or row.sealed or row.generation != sealed.generation:
        return False
    alone(connection, _PACKS)
    this = series.c.id == row.series_key
    if _condemned(connection, sealed.pack):
        # It was given up while its builder stood still; the next one needs another name.
        connection.execute(update(series).where(this).values(generation=row.generation + 1))
        return False
    left = _leave_journal(connection, row.series_key, sealed)
    connection.execute(
        upsert(connection, sealed_instance).on_conflict_do_nothing(),
        [
            {"uid_hash": uid_hash(held.key.sop_instance.value), "series_id": row.series_key}
            for held in sealed.instances
        ],
    )
    connection.execute(
        update(series)
        .where(this)
        .values(
            sealed=not left,
            # What other hosts hold is sealed on top of this, in a pack of a name of its own.
            generation=row.generation + (1 if left else 0),
            pack_key=sealed.pack,
            pack_bytes=sealed.size_bytes,
            pack_index=sealed.index,
        )
    )
    if left:
        return True
    announce(
        connection,
        SeriesSealed(
            tenant=key.tenant,
            at=now,
            study=key.study,
            series=key.series,
            generation=sealed.generation,
        ),
    )
    return True


def _leave_journal(connection: Connection, series_key: int, sealed: Sealed) -> int:
    """Forget the records that lie in the pack now; return how many lie in no pack yet."""
    mine = instance.c.series_id == series_key
    opened = set(connection.execute(select(instance.c.sop_instance_uid).where(mine)).scalars())
    left = opened - {held.key.sop_instance.value for held in sealed.instances}
    going = delete(instance).where(mine)
    for some in (list(left)[at : at + _AT_ONCE] for at in range(0, len(left), _AT_ONCE)):
        going = going.where(instance.c.sop_instance_uid.not_in(some))
    gone = connection.execute(going.returning(instance.c.segment)).scalars()
    for number, records in sorted(Counter(gone).items()):
        connection.execute(
            update(segment).where(segment.c.id == number).values(live=segment.c.live - records)
        )
    return len(left)


def _pieces(keys: list[str]) -> Iterator[list[str]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))


def _in_use(connection: Connection, packs: list[str]) -> set[str]:
    found = connection.execute(select(series.c.pack_key).where(series.c.pack_key.in_(packs)))
    return set(found.scalars())


def _condemned(connection: Connection, pack: str) -> bool:
    query = select(condemned_pack.c.pack_key).where(condemned_pack.c.pack_key == pack)
    return connection.execute(query).one_or_none() is not None


def _elsewhere(connection: Connection, series_key: int, host: int) -> Mapping[int, int]:
    """Give the segments of other hosts that hold something of a series, with their hosts."""
    query = (
        select(segment.c.id, segment.c.host)
        .where(segment.c.host != host)
        .where(
            select(instance.c.segment)
            .where(instance.c.series_id == series_key, instance.c.segment == segment.c.id)
            .exists()
        )
    )
    return dict(connection.execute(query).all())


def segment_of(held: Held) -> int | None:
    """Return the segment an instance lies in. Node-wide: it is given."""
    return held.place.segment if isinstance(held.place, JournalPlace) else None


def away_from(connection: Connection, host: int | None) -> set[int]:
    """Give the segments of other hosts than this. Node-wide: a segment serves all."""
    if host is None:
        return set()
    query = select(segment.c.id).where(segment.c.host != host)
    return set(connection.execute(query).scalars())


def _series(key: SeriesKey) -> Select[Any]:
    return (
        select(
            study.c.tenant,
            study.c.study_instance_uid,
            series.c.id.label("series_key"),
            series.c.series_instance_uid,
            series.c.generation,
            series.c.sealed,
            *PACK_COLUMNS,
        )
        .select_from(series)
        .join(study, study.c.id == series.c.study_id)
        .where(
            study.c.tenant == key.tenant.value,
            study.c.study_instance_uid == key.study.value,
            series.c.series_instance_uid == key.series.value,
        )
    )


class SqlHoldings:
    """Reads page by page: a check takes hours and must hold no snapshot open.

    Of several hosts each checks the packs and its own journal: `host` is its number.
    """

    def __init__(self, database: Database, *, host: int | None = None) -> None:
        self._database, self._host = database, host

    def everything(self) -> Iterator[Held]:
        """Give every instance held. Node-wide: a damaged disk asks nobody whose it is."""
        last = 0
        while True:
            query = _kept().where(series.c.id > last).order_by(series.c.id).limit(_SERIES_AT_ONCE)
            with self._database.read() as connection:
                rows = connection.execute(query).all()
                held = [one for _row, one, _said in images(connection, rows, scope=None)]
                away = away_from(connection, self._host)
            if not rows:
                return
            yield from (one for one in held if segment_of(one) not in away)
            last = rows[-1].series_key

    def held(self, tenant: TenantId, sop_instance: Uid) -> Held | None:
        """Give one instance as it is held now."""
        query = (
            _kept()
            .join(instance, instance.c.series_id == series.c.id)
            .where(
                instance.c.tenant == tenant.value,
                instance.c.sop_instance_uid == sop_instance.value,
            )
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            for _row, one, _said in images(connection, rows, scope=None):
                if one.key.sop_instance == sop_instance:
                    return one
            return next(sealed_instances(connection, [sop_instance], tenant=tenant), None)

    def set_aside(self) -> Iterator[SetAside]:
        """Give every record in quarantine. Node-wide: as `everything`."""
        last = (0, 0)
        place = (quarantine.c.segment, quarantine.c.offset)
        while True:
            segment, offset = last
            query = (
                select(quarantine)
                .where(quarantine.c.decision.is_distinct_from(DISCARDED))
                .where(
                    (quarantine.c.segment > segment)
                    | (quarantine.c.segment == segment) & (quarantine.c.offset > offset)
                )
                .order_by(*place)
                .limit(_AT_ONCE)
            )
            with self._database.read() as connection:
                rows = connection.execute(query).all()
                away = away_from(connection, self._host)
            if not rows:
                return
            for row in rows:
                if row.segment in away:
                    continue
                yield SetAside(
                    tenant=TenantId(row.tenant),
                    sop_instance=Uid(row.sop_instance_uid),
                    size_bytes=row.size_bytes,
                    place=JournalPlace(row.segment, row.offset),
                )
            last = (rows[-1].segment, rows[-1].offset)


def _kept() -> Select[Any]:
    return (
        select(
            study.c.tenant,
            study.c.study_instance_uid,
            series.c.id.label("series_key"),
            series.c.series_instance_uid,
            *PACK_COLUMNS,
        )
        .select_from(series)
        .join(study, study.c.id == series.c.study_id)
    )
