"""Notes of rejection kept, and what they hide, worked out again for a study whenever that changes.

The one filter of every reader is made here: `left` bounds studies and series by what is left of
them, `hidden_among` names the instances to leave out. Which view an actor has, `view_of` says.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, FromClause, Table, delete, insert, select, update

from archipel.archive.model import Held, InstanceKey, StudyKey
from archipel.archive.quality.model import (
    RULES,
    Again,
    Hidden,
    Note,
    Reason,
    standing,
)
from archipel.kernel.actors import ActorKind, Scope
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.schema.archive import series, study, study_organisation
from archipel.stores.sql.schema.quality import (
    hidden_instance,
    rejection_note,
    rejection_note_instance,
)
from archipel.stores.sql.session import upsert

_PEERS = frozenset({ActorKind.DEVICE, ActorKind.SERVICE})
_AT_ONCE = 500


def view_of(scope: Scope) -> Hidden:
    """Say from what on something is hidden from an actor.

    A DICOM peer or a machine client knows what a rejection note is and sees what was rejected for
    its quality; people, guests and this node itself do not (IHE RAD TF-2 4.66.4.1.3).
    """
    return Hidden.FROM_ALL if scope.actor.kind in _PEERS else Hidden.FROM_PEOPLE


def hidden_column(one: FromClause, of: str, *, scope: Scope) -> Any:
    """Return the counter of what is hidden of `of` (instances, series) below a row of `one`."""
    whom = "all" if view_of(scope) is Hidden.FROM_ALL else "people"
    return one.c[f"hidden_{of}_from_{whom}"]


def left(one: FromClause, *, scope: Scope) -> Any:
    """Say that something is left to be seen below a row of study or series."""
    return one.c.instance_count > hidden_column(one, "instances", scope=scope)


def hidden_among(
    connection: Connection, studies: Collection[StudyKey], *, scope: Scope
) -> Mapping[StudyKey, frozenset[str]]:
    """Give the SOP Instance UIDs that are hidden from the actor of `scope`, by study."""
    found: dict[StudyKey, frozenset[str]] = {}
    for key in studies:
        query = select(hidden_instance.c.sop_instance_uid).where(
            _of(hidden_instance, key), hidden_instance.c.hidden >= view_of(scope)
        )
        found[key] = frozenset(connection.scalars(query))
    return found


def refused(connection: Connection, study_uid: Uid, *, tenant: TenantId) -> Collection[Uid]:
    """Give the held instances of a study that are not taken once more."""
    reasons = [reason.value for reason, rule in RULES.items() if rule.again is Again.REFUSED]
    query = select(hidden_instance.c.sop_instance_uid).where(
        _of(hidden_instance, StudyKey(tenant, study_uid)),
        hidden_instance.c.reason.in_(reasons),
        hidden_instance.c.held,
    )
    return frozenset(Uid(uid) for uid in connection.scalars(query))


def keep(connection: Connection, notes: Sequence[Note]) -> None:
    """Keep notes as they came in. Node-wide: each names its tenant."""
    for note in notes:
        row = {
            "tenant": note.tenant.value,
            "sop_instance_uid": note.uid.value,
            "series_instance_uid": note.series.value,
            "study_instance_uid": note.study.value,
            "reason": note.reason.value if note.reason else None,
            "why": note.why,
            "decided_by": note.by,
            "at": note.at,
            "undoes": "\\".join(sorted(uid.value for uid in note.undoes)),
        }
        number = connection.execute(
            upsert(connection, rejection_note)
            .values(**row)
            .on_conflict_do_nothing()
            .returning(rejection_note.c.id)
        ).scalar_one_or_none()
        if number is not None and note.instances:
            named = {one.sop_instance.value: one for one in note.instances}
            connection.execute(
                insert(rejection_note_instance),
                [
                    {
                        "note_id": number,
                        "sop_instance_uid": uid,
                        "series_instance_uid": one.series.value,
                    }
                    for uid, one in named.items()
                ],
            )


def noted(connection: Connection, studies: Iterable[StudyKey]) -> Iterator[StudyKey]:
    """Give those of these studies that any note bears on."""
    by_tenant: dict[TenantId, list[str]] = defaultdict(list)
    for key in studies:
        by_tenant[key.tenant].append(key.study.value)
    for tenant, uids in by_tenant.items():
        for start in range(0, len(uids), _AT_ONCE):
            query = (
                select(rejection_note.c.study_instance_uid)
                .where(
                    rejection_note.c.tenant == tenant.value,
                    rejection_note.c.study_instance_uid.in_(uids[start : start + _AT_ONCE]),
                )
                .distinct()
            )
            for uid in connection.scalars(query):
                yield StudyKey(tenant, Uid(uid))


def notes_of(connection: Connection, key: StudyKey) -> list[Note]:
    """Give every note of a study, oldest first."""
    query = (
        select(rejection_note)
        .where(_of(rejection_note, key))
        .order_by(rejection_note.c.at, rejection_note.c.sop_instance_uid)
    )
    rows = connection.execute(query).all()
    named: dict[int, list[InstanceKey]] = {row.id: [] for row in rows}
    instances = select(rejection_note_instance).where(rejection_note_instance.c.note_id.in_(named))
    for one in connection.execute(instances):
        named[one.note_id].append(
            InstanceKey(key.study, Uid(one.series_instance_uid), Uid(one.sop_instance_uid))
        )
    return [
        Note(
            tenant=key.tenant,
            study=key.study,
            series=Uid(row.series_instance_uid),
            uid=Uid(row.sop_instance_uid),
            reason=Reason(row.reason) if row.reason else None,
            instances=tuple(sorted(named[row.id])),
            undoes=frozenset(Uid(uid) for uid in row.undoes.split("\\") if uid),
            why=row.why,
            by=row.decided_by,
            at=row.at,
        )
        for row in rows
    ]


def rejected(
    connection: Connection, instances: Collection[tuple[TenantId, Uid]]
) -> Mapping[tuple[TenantId, Uid], Note]:
    """Give the notes that stand against those rejected. Node-wide: each names its tenant."""
    by_tenant: dict[TenantId, list[str]] = defaultdict(list)
    for tenant, uid in instances:
        by_tenant[tenant].append(uid.value)
    found: dict[tuple[TenantId, Uid], Note] = {}
    known: dict[StudyKey, dict[Uid, Note]] = {}
    for tenant, uids in by_tenant.items():
        for start in range(0, len(uids), _AT_ONCE):
            query = select(hidden_instance).where(
                hidden_instance.c.tenant == tenant.value,
                hidden_instance.c.sop_instance_uid.in_(uids[start : start + _AT_ONCE]),
                hidden_instance.c.reason.is_not(None),
            )
            for row in connection.execute(query):
                key = StudyKey(tenant, Uid(row.study_instance_uid))
                if key not in known:
                    known[key] = {note.uid: note for note in notes_of(connection, key)}
                found[tenant, Uid(row.sop_instance_uid)] = known[key][Uid(row.note)]
    return found


def refresh(connection: Connection, key: StudyKey, held: Mapping[int, Sequence[Held]]) -> None:
    """Work out what is hidden of a study; `held` is all that it holds, by number of series."""
    notes = notes_of(connection, key)
    if not notes:
        return
    every = {one.key.sop_instance: one for some in held.values() for one in some}
    hidden = _hidden(notes, every)
    connection.execute(delete(hidden_instance).where(_of(hidden_instance, key)))
    if hidden:
        rows = [
            {
                "tenant": key.tenant.value,
                "study_instance_uid": key.study.value,
                "sop_instance_uid": uid.value,
                "hidden": rank,
                "reason": note.reason.value if note.reason and uid != note.uid else None,
                "note": note.uid.value,
                "held": uid in every,
            }
            for uid, (rank, note) in hidden.items()
        ]
        connection.execute(insert(hidden_instance), rows)
    _count(connection, key, held, {uid: rank for uid, (rank, _note) in hidden.items()}, notes)


def _hidden(notes: Sequence[Note], held: Mapping[Uid, Held]) -> dict[Uid, tuple[Hidden, Note]]:
    naming: dict[Uid, list[Note]] = defaultdict(list)
    undoing = [note for note in notes if note.undoes]
    for note in notes:
        for one in note.instances:
            naming[one.sop_instance].append(note)
    hidden: dict[Uid, tuple[Hidden, Note]] = {}
    deciding: set[Uid] = set()
    for uid, some in naming.items():
        here = held.get(uid)
        every = {note.uid: note for note in (*some, *undoing)}.values()
        decisive = standing(every, received_at=here.received_at if here else None)
        if decisive is not None and decisive.reason is not None:
            hidden[uid] = RULES[decisive.reason].hidden, decisive
            deciding.add(decisive.uid)
    for note in notes:  # peers see the note beside what it rejects
        beside = note.reason if note.uid in deciding else None
        hidden[note.uid] = RULES[beside].hidden if beside else Hidden.FROM_ALL, note
    return hidden


def _count(
    connection: Connection,
    key: StudyKey,
    held: Mapping[int, Sequence[Held]],
    hidden: Mapping[Uid, Hidden],
    notes: Sequence[Note],
) -> None:
    """Count what is hidden, of each series and of the study; say the modalities that are left."""
    total = {"instances": [0, 0], "series": [0, 0]}
    said: set[int] = set()
    own = {note.uid for note in notes}
    for number, instances in held.items():
        ranks = [hidden.get(one.key.sop_instance, Hidden.FROM_NOBODY) for one in instances]
        counts = [sum(rank >= least for rank in ranks) for least in _LEVELS]
        _set(connection, series, series.c.id == number, "instances", counts)
        for n, count in enumerate(counts):
            total["instances"][n] += count
            total["series"][n] += count == len(instances)
        if any(
            rank < Hidden.FROM_ALL and one.key.sop_instance not in own
            for one, rank in zip(instances, ranks, strict=True)
        ):
            said.add(number)
    for of, counts in total.items():
        _set(connection, study, _of(study, key), of, counts)
    if said:
        modalities = connection.scalars(select(series.c.modality).where(series.c.id.in_(said)))
        listed = "\\".join(sorted({one for one in modalities if one}))
        said_of = {"modalities": f"\\{listed}\\" if listed else ""}
        connection.execute(update(study).where(_of(study, key)).values(said_of))
        here = select(study.c.id).where(_of(study, key))
        listing = update(study_organisation).where(study_organisation.c.study_id.in_(here))
        connection.execute(listing.values(said_of))


_LEVELS = (Hidden.FROM_PEOPLE, Hidden.FROM_ALL)


def _set(connection: Connection, table: Table, where: Any, of: str, counts: Sequence[int]) -> None:
    people, everybody = counts
    connection.execute(
        update(table)
        .where(where)
        .values({f"hidden_{of}_from_people": people, f"hidden_{of}_from_all": everybody})
    )


def _of(table: FromClause, key: StudyKey) -> Any:
    return (table.c.tenant == key.tenant.value) & (table.c.study_instance_uid == key.study.value)
