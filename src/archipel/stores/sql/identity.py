"""Source patients, persons and links, as `identity.ports.Persons` asks for them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from archipel.identity.events import IdentityDoubted
from archipel.identity.model import (
    Appearance,
    Link,
    Person,
    PersonId,
    SourceKey,
    SourcePatient,
    Standing,
    Traits,
)
from archipel.identity.ports import APPEARANCES_KEPT
from archipel.identity.standing import standing_of, together
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.standards.dicom.matching import words_of
from archipel.stores.sql.identity_links import key_of, links_of, regroup, sources_in
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.identity import (
    appearance,
    appearance_word,
    source_link,
    source_patient,
)
from archipel.stores.sql.session import Database, alone

_LAST_SIGN = "\U0010ffff"  # behind every word that begins alike


class SqlPersons:
    """`identity.ports.Persons`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seen(
        self,
        key: SourceKey,
        appearance: Appearance,
        *,
        study: str,
        fresh: PersonId,
        doubtful: Callable[[tuple[Appearance, ...]], bool],
    ) -> SourcePatient:
        """Note an appearance. Node-wide: it carries its tenant."""
        with self._database.write() as connection:
            return seen(connection, key, appearance, study=study, fresh=fresh, doubtful=doubtful)

    def settle(self, key: SourceKey, *, scope: Scope) -> None:
        """Take a source off the identity desk."""
        with self._database.write() as connection:
            alone(connection, "identity")
            source = _visible(connection, key, scope)
            _stands(connection, source, doubted=False, vouched=True)

    def reopen(self, key: SourceKey, *, scope: Scope) -> None:
        """Put a source before the identity desk again."""
        with self._database.write() as connection:
            alone(connection, "identity")
            source = _visible(connection, key, scope)
            _stands(connection, source, doubted=True, vouched=False)

    def links(self, person: PersonId, *, scope: Scope) -> Sequence[Link]:
        """List the links that stand among the sources of a person."""
        with self._database.read() as connection:
            return links_of(connection, person, scope=scope)

    def standings(self, persons: Collection[str]) -> Mapping[str, Standing]:
        """Say how far persons are known. Node-wide: a doubt elsewhere is a doubt here."""
        with self._database.read() as connection:
            return standings(connection, persons)

    def doubted(self, *, scope: Scope, limit: int = 100) -> Sequence[SourcePatient]:
        """List sources before the identity desk, oldest first."""
        wanted = (
            select(source_patient.c.id)
            .where(source_patient.c.doubted, source_patient.c.id.in_(sources_in(scope)))
            .order_by(source_patient.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return _sources(connection, connection.scalars(wanted).all(), scope)

    def person(self, person: PersonId, *, scope: Scope) -> Person | None:
        """Find one person as far as `scope` sees."""
        with self._database.read() as connection:
            return next(iter(_persons(connection, [person], scope)), None)

    def source(self, key: SourceKey, *, scope: Scope) -> SourcePatient | None:
        """Find one source as far as `scope` sees."""
        with self._database.read() as connection:
            wanted = connection.scalars(select(source_patient.c.id).where(_is(key))).all()
            return next(iter(_sources(connection, wanted, scope)), None)

    def find(
        self,
        *,
        words: Sequence[str],
        identifiers: Sequence[str],
        birth_date: str,
        scope: Scope,
        limit: int,
    ) -> Sequence[Person]:
        """Find persons by one appearance in scope that fits all that is said."""
        query = (
            select(source_patient.c.person, func.max(appearance.c.last_seen).label("latest"))
            .join(appearance, appearance.c.source_id == source_patient.c.id)
            .where(_in(scope))
            .group_by(source_patient.c.person)
            .order_by(func.max(appearance.c.last_seen).desc(), source_patient.c.person)
            .limit(limit)
        )
        for word in words:
            begun = select(appearance_word.c.appearance_id).where(
                appearance_word.c.word >= word, appearance_word.c.word < word + _LAST_SIGN
            )
            query = query.where(appearance.c.id.in_(begun))
        for identifier in identifiers:
            query = query.where(source_patient.c.value == identifier)
        if birth_date:
            query = query.where(appearance.c.folded_birth_date == birth_date)
        with self._database.read() as connection:
            wanted = [PersonId(row.person) for row in connection.execute(query)]
            found = {one.id: one for one in _persons(connection, wanted, scope)}
        return [found[person] for person in wanted]

    def link(self, link: Link, *, scope: Scope) -> Sequence[SourceKey]:
        """Join two sources."""
        with self._database.write() as connection:
            return join(connection, link, scope=scope)

    def unlink(
        self, one: SourceKey, other: SourceKey, *, by: str, scope: Scope, now: datetime
    ) -> Sequence[SourceKey]:
        """Take a link back."""
        with self._database.write() as connection:
            alone(connection, "identity")
            ids = [_visible(connection, key, scope) for key in (one, other)]
            undone = connection.execute(
                update(source_link).where(_joins(*ids)).values(undone_by=by, undone_at=now)
            )
            if not undone.rowcount:
                raise NotFound("these two sources are not linked with each other")
            return regroup(connection, ids, now=now)


def join(connection: Connection, link: Link, *, scope: Scope) -> Sequence[SourceKey]:
    """Join two sources in the caller's transaction; as `Persons.link`."""
    alone(connection, "identity")
    one = _visible(connection, link.one, scope)
    other = _visible(connection, link.other, scope)
    if connection.scalar(select(source_link.c.id).where(_joins(one, other))) is None:
        connection.execute(
            insert(source_link).values(
                one_id=one, other_id=other, by=link.by, basis=link.basis, at=link.at
            )
        )
    return regroup(connection, [one], now=link.at)


def seen(
    connection: Connection,
    key: SourceKey,
    shown: Appearance,
    *,
    study: str,
    fresh: PersonId,
    doubtful: Callable[[tuple[Appearance, ...]], bool],
) -> SourcePatient:
    """Note an appearance in the caller's transaction. Node-wide: it carries its tenant."""
    alone(connection, "identity")
    row = connection.execute(select(source_patient).where(_is(key))).one_or_none()
    new = row is None
    if row is None:
        row = connection.execute(
            insert(source_patient)
            .values(
                issuer=key.identifier.issuer.namespace,
                value=key.identifier.value,
                alone=key.alone,
                own_person=fresh,
                person=fresh,
                doubted=False,
                first_study=study,
                again=False,
                vouched=False,
                standing=Standing.PROVISIONAL.value,
            )
            .returning(source_patient)
        ).one()
    before = () if new else _appearances(connection, row.id)
    found = _note(connection, row.id, shown, before)
    doubted = row.doubted or (len(found) > len(before) and doubtful(found))
    if doubted and not row.doubted:
        announce(
            connection,
            IdentityDoubted(tenant=shown.tenant, at=shown.last_seen, person=row.person),
        )
    again = row.again or study != row.first_study
    standing = _stand(connection, row, found, doubted=doubted, again=again)
    return SourcePatient(
        key=key,
        person=PersonId(row.person),
        appearances=found,
        doubted=doubted,
        standing=standing,
    )


def standings(connection: Connection, persons: Collection[str]) -> Mapping[str, Standing]:
    """Say how far persons are known. Node-wide: a doubt elsewhere is a doubt here."""
    query = select(source_patient.c.person, source_patient.c.standing)
    found: dict[str, set[Standing]] = {}
    for person, standing in connection.execute(
        query.where(source_patient.c.person.in_(sorted(persons)))
    ):
        found.setdefault(person, set()).add(Standing(standing))
    return {person: together(every) for person, every in found.items()}


def _stands(connection: Connection, source: int, **changed: bool) -> Standing:
    """Keep what changed of a source, and how far it is known now."""
    row = connection.execute(select(source_patient).where(source_patient.c.id == source)).one()
    return _stand(connection, row, _appearances(connection, source), **changed)


def _stand(
    connection: Connection, row: Row[Any], found: tuple[Appearance, ...], **changed: bool
) -> Standing:
    """Do the same, the source's row and appearances being at hand."""
    known = {name: changed.get(name, getattr(row, name)) for name in _REASONS}
    standing = standing_of(key_of(row), found, **known)
    if standing.value != row.standing or any(known[n] != getattr(row, n) for n in _REASONS):
        connection.execute(
            update(source_patient)
            .where(source_patient.c.id == row.id)
            .values(**known, standing=standing.value)
        )
    return standing


_REASONS = ("again", "doubted", "vouched")


def _appearances(connection: Connection, source: int) -> tuple[Appearance, ...]:
    query = select(appearance).where(appearance.c.source_id == source).order_by(appearance.c.id)
    return tuple(_appearance(one) for one in connection.execute(query))


def _note(
    connection: Connection, source: int, shown: Appearance, before: tuple[Appearance, ...]
) -> tuple[Appearance, ...]:
    """Add an appearance to those of `before`, or move the times of the one it repeats."""
    for place, known in enumerate(before):
        if (known.tenant, known.traits) == (shown.tenant, shown.traits):
            first = min(known.first_seen, shown.first_seen)
            last = max(known.last_seen, shown.last_seen)
            if (first, last) == (known.first_seen, known.last_seen):
                return before
            _move(connection, source, shown, first, last)
            moved = replace(known, first_seen=first, last_seen=last)
            return (*before[:place], moved, *before[place + 1 :])
    if len(before) >= APPEARANCES_KEPT:
        return before
    traits = shown.traits
    number = connection.execute(
        insert(appearance)
        .values(
            source_id=source,
            tenant=shown.tenant.value,
            name=traits.name,
            birth_date=traits.birth_date,
            sex=traits.sex,
            folded_birth_date=traits.folded.birth_date,
            first_seen=shown.first_seen,
            last_seen=shown.last_seen,
        )
        .returning(appearance.c.id)
    ).scalar_one()
    words = sorted(set(words_of(traits.name)))
    if words:
        connection.execute(
            insert(appearance_word),
            [{"word": word, "appearance_id": number} for word in words],
        )
    return (*before, shown)


def _move(
    connection: Connection, source: int, shown: Appearance, first: datetime, last: datetime
) -> None:
    this = (
        (appearance.c.source_id == source)
        & (appearance.c.tenant == shown.tenant.value)
        & (appearance.c.name == shown.traits.name)
        & (appearance.c.birth_date == shown.traits.birth_date)
        & (appearance.c.sex == shown.traits.sex)
    )
    connection.execute(update(appearance).where(this).values(first_seen=first, last_seen=last))


def _persons(
    connection: Connection, persons: Sequence[PersonId], scope: Scope
) -> Sequence[Person]:
    wanted = connection.scalars(
        select(source_patient.c.id).where(source_patient.c.person.in_(persons))
    ).all()
    sources = sorted(_sources(connection, wanted, scope), key=lambda one: (one.person, one.key))
    return [
        Person(id=person, sources=tuple(group))
        for person, group in groupby(sources, key=lambda one: one.person)
    ]


def _sources(connection: Connection, ids: Sequence[int], scope: Scope) -> Sequence[SourcePatient]:
    query = (
        select(source_patient, *_APPEARANCE)
        .join(appearance, appearance.c.source_id == source_patient.c.id)
        .where(source_patient.c.id.in_(ids), _in(scope))
        .order_by(source_patient.c.id, appearance.c.id)
    )
    found: list[SourcePatient] = []
    for _, group in groupby(connection.execute(query), key=lambda row: row.id):
        rows = list(group)
        found.append(
            SourcePatient(
                key=key_of(rows[0]),
                person=PersonId(rows[0].person),
                appearances=tuple(_appearance(row) for row in rows),
                doubted=rows[0].doubted,
                standing=Standing(rows[0].standing),
            )
        )
    return found


_APPEARANCE = [column for column in appearance.c if column.key not in {"id", "source_id"}]


def _in(scope: Scope) -> Any:
    return appearance.c.tenant.in_([tenant.value for tenant in scope.tenants])


def _visible(connection: Connection, key: SourceKey, scope: Scope) -> int:
    number = connection.scalar(
        select(source_patient.c.id).where(_is(key), source_patient.c.id.in_(sources_in(scope)))
    )
    if number is None:
        raise NotFound("there is no such source patient within your organisations")
    return int(number)


def _joins(one: int, other: int) -> Any:
    there, back = (source_link.c.one_id, source_link.c.other_id), (one, other)
    return source_link.c.undone_at.is_(None) & or_(
        (there[0] == back[0]) & (there[1] == back[1]),
        (there[0] == back[1]) & (there[1] == back[0]),
    )


def _is(key: SourceKey) -> Any:
    return (
        (source_patient.c.value == key.identifier.value)
        & (source_patient.c.issuer == key.identifier.issuer.namespace)
        & (source_patient.c.alone == key.alone)
    )


def _appearance(row: Row[Any]) -> Appearance:
    return Appearance(
        tenant=TenantId(row.tenant),
        traits=Traits(row.name, row.birth_date, row.sex),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
    )
