"""`archive.quality.ports.Studies`: whole studies, the bin, corrections, for who decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Exists, Select, func, insert, or_, select, update

from archipel.archive.events import CorrectionAsked
from archipel.archive.model import Header, StudyKey
from archipel.archive.quality.correction import Correction, Kind, State, gone, rejecting
from archipel.archive.quality.model import Hidden, Reason, Rejected
from archipel.archive.quality.ports import Whole
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive.quality import notes_of
from archipel.stores.sql.archive.rows import attributes_of
from archipel.stores.sql.archive.whole import everything_of
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.archive import study
from archipel.stores.sql.schema.quality import correction, hidden_instance, rejection_note
from archipel.stores.sql.session import Database


def _noted(column: Column[str]) -> Exists:
    """Say that a note was made by a correction, as `column` names it."""
    return (
        select(correction.c.name)
        .where(correction.c.tenant == rejection_note.c.tenant)
        .where(column == rejection_note.c.sop_instance_uid)
        .exists()
    )


class SqlStudies:
    """Reads past the filter of `archive.quality`: only what an organisation in scope owns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def whole(self, key: StudyKey, *, scope: Scope) -> Whole | None:
        """See the port."""
        if not scope.sees(key.tenant):
            return None
        with self._database.read() as connection:
            row = connection.execute(select(study).where(_is(key))).one_or_none()
            if row is None:
                return None
            held = everything_of(connection, key)
            hidden = connection.execute(
                select(hidden_instance).where(
                    hidden_instance.c.tenant == key.tenant.value,
                    hidden_instance.c.study_instance_uid == key.study.value,
                    hidden_instance.c.hidden >= Hidden.FROM_PEOPLE,
                )
            ).all()
            notes = notes_of(connection, key)
        return Whole(
            key=key,
            attributes=attributes_of(row.attributes),
            held=[one for some in held.values() for one in some],
            notes=notes,
            rejected=frozenset(Uid(one.sop_instance_uid) for one in hidden),
            reasons={
                Uid(one.sop_instance_uid): Reason(one.reason) for one in hidden if one.reason
            },
        )

    def attributes(self, key: StudyKey, *, scope: Scope) -> Header:
        """See the port."""
        if not scope.sees(key.tenant):
            return {}
        with self._database.read() as connection:
            said = connection.scalar(select(study.c.attributes).where(_is(key)))
        return attributes_of(said) if said is not None else {}

    def rejected(self, *, scope: Scope, limit: int) -> Sequence[Rejected]:
        """See the port."""
        named = (
            select(
                hidden_instance.c.tenant,
                hidden_instance.c.study_instance_uid,
                hidden_instance.c.note,
                func.count().label("instances"),
            )
            .where(hidden_instance.c.reason.is_not(None), hidden_instance.c.held)
            .where(hidden_instance.c.tenant.in_(_tenants(scope)))
            .group_by(
                hidden_instance.c.tenant,
                hidden_instance.c.study_instance_uid,
                hidden_instance.c.note,
            )
            .subquery()
        )
        query = (
            select(
                rejection_note,
                named.c.instances,
                _noted(correction.c.note).label("of_correction"),
                (study.c.instance_count <= study.c.hidden_instances_from_people).label("all"),
            )
            .join(
                named,
                (named.c.tenant == rejection_note.c.tenant)
                & (named.c.note == rejection_note.c.sop_instance_uid),
            )
            .join(
                study,
                (study.c.tenant == rejection_note.c.tenant)
                & (study.c.study_instance_uid == rejection_note.c.study_instance_uid),
            )
            .where(~_noted(correction.c.gone))  # copies nobody wants back: the originals are
            .order_by(rejection_note.c.at.desc(), rejection_note.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_rejected(row) for row in connection.execute(query)]

    def corrections(
        self, *, scope: Scope, limit: int, of: StudyKey | None = None
    ) -> Sequence[Correction]:
        """See the port."""
        query = _corrections(scope).order_by(correction.c.at.desc()).limit(limit)
        if of is not None:
            uid = of.study.value
            query = query.where(
                correction.c.tenant == of.tenant.value,
                or_(correction.c.source == uid, correction.c.target == uid),
            )
        with self._database.read() as connection:
            return [_correction(row) for row in connection.execute(query)]

    def correction(self, name: str, *, scope: Scope) -> Correction | None:
        """See the port."""
        query = _corrections(scope).where(correction.c.name == name)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return _correction(row) if row else None

    def ask(self, one: Correction, *, scope: Scope) -> None:
        """See the port."""
        if not scope.sees(one.source.tenant):
            raise NotFound("there is no such exam of your own organisation")
        row = {
            "name": one.name,
            "tenant": one.source.tenant.value,
            "kind": one.kind.value,
            "source": one.source.study.value,
            "target": one.target.value,
            "series": sorted(uid.value for uid in one.series),
            "texts": {f"{tag:08X}": text for tag, text in one.texts.items()},
            "why": one.why,
            "decided_by": one.by,
            "login": one.login,
            "institution": one.institution,
            "at": one.at,
            "state": one.state.value,
            "detail": one.detail,
            "note": rejecting(one).value,
            "gone": gone(one).value,
        }
        with self._database.write() as connection:
            connection.execute(insert(correction), row)
            announce(connection, _asked(one.source, one.name, one.at))

    def settle(
        self, name: str, state: State, *, detail: str, tenant: TenantId, now: datetime
    ) -> None:
        """See the port."""
        where = (correction.c.name == name) & (correction.c.tenant == tenant.value)
        with self._database.write() as connection:
            source = connection.scalar(select(correction.c.source).where(where))
            if source is None:
                raise NotFound(f"no correction {name}")
            connection.execute(
                update(correction)
                .where(where)
                .values(state=state.value, detail=detail[:500], settled_at=now)
            )
            if state is State.UNDOING:
                announce(connection, _asked(StudyKey(tenant, Uid(source)), name, now))


def _asked(key: StudyKey, name: str, at: datetime) -> CorrectionAsked:
    return CorrectionAsked(tenant=key.tenant, at=at, study=key.study, correction=name)


def _corrections(scope: Scope) -> Select[Any]:
    return select(correction).where(correction.c.tenant.in_(_tenants(scope)))


def _tenants(scope: Scope) -> list[str]:
    return sorted(tenant.value for tenant in scope.tenants)


def _is(key: StudyKey) -> Any:
    return (study.c.tenant == key.tenant.value) & (study.c.study_instance_uid == key.study.value)


def _rejected(row: Any) -> Rejected:
    return Rejected(
        key=StudyKey(TenantId(row.tenant), Uid(row.study_instance_uid)),
        note=Uid(row.sop_instance_uid),
        reason=Reason(row.reason),
        instances=row.instances,
        why=row.why,
        by=row.decided_by,
        at=row.at,
        whole_study=bool(row.all),
        of_correction=row.of_correction,
    )


def _correction(row: Any) -> Correction:
    return Correction(
        name=row.name,
        kind=Kind(row.kind),
        source=StudyKey(TenantId(row.tenant), Uid(row.source)),
        series=frozenset(Uid(uid) for uid in row.series),
        target=Uid(row.target),
        texts={int(tag, 16): text for tag, text in row.texts.items()},
        why=row.why,
        by=row.decided_by,
        login=row.login,
        institution=row.institution,
        at=row.at,
        state=State(row.state),
        detail=row.detail,
        settled_at=row.settled_at,
    )
