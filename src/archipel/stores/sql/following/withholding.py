"""Studies that may not be shown any more: recalled by their home, or opposed by their patient.

What a fact says holds in the transaction that takes it in: transfers of the study end, a copy of
another node's study disappears from every list and door. The copy, its reports and the audit stay
where they are: the law asks for what was seen and said. A study is shown again when the recall or
the opposition is lifted, and the word may come before the study does.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from archipel.archive.model import StudyKey
from archipel.exchange import hlc
from archipel.exchange.events import StudyShownAgain, StudyWithheld
from archipel.exchange.fold import objects, policy
from archipel.exchange.fold.objects import Presence
from archipel.exchange.model import Author, Draft, Fact
from archipel.exchange.oppose import Opposition, Saying
from archipel.exchange.timeline import key_of
from archipel.exchange.transfer import CANCELLABLE, TransferState, Withholding
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.identifiers import PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql import facts
from archipel.stores.sql.following.lending import settle_lent
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.peering.homes import home_of
from archipel.stores.sql.schema.archive import withheld_study
from archipel.stores.sql.schema.exchange import fact
from archipel.stores.sql.schema.transfers import transfer
from archipel.stores.sql.session import Database, upsert

AVAILABLE = "study.available"
RECALLED, RESTORED = "object.recalled", "object.restored"
STUDY, PATIENT = "study:", "patient:"


class SqlWithholdings:
    """Asks why a study may not be handed on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def why(self, key: StudyKey) -> Withholding | None:
        """See `withholding`."""
        with self._database.read() as connection:
            return withholding(connection, key)

    def recall(self, key: StudyKey, *, reason: str, author: Author, now: datetime) -> Fact:
        """See `recall`."""
        with self._database.write() as connection:
            return recall(connection, key, reason=reason, author=author, now=now)

    def recall_once(self, key: StudyKey, *, reason: str, author: Author, now: datetime) -> None:
        """Recall a study unless a recall by `author` stands. Raises as `recall`."""
        with self._database.write() as connection:
            if not _recalls(connection, key, author):
                recall(connection, key, reason=reason, author=author, now=now)

    def restore(self, key: StudyKey, *, author: Author, now: datetime) -> int:
        """See `restore`."""
        with self._database.write() as connection:
            return restore(connection, key, author=author, now=now)


class SqlOppositions:
    """`archipel.exchange.oppose.Oppositions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def say(self, said: Saying, *, tenant: TenantId) -> None:
        """See the port."""
        draft = Draft(
            kind=policy.DENIED if said.opposed else policy.GRANTED,
            subject=f"{PATIENT}{key_of(said.patient)}",
            tenant=tenant,
            body={"by": "patient", "reason": said.reason},
            author=Author(subject=said.login, organisation=tenant.value),
        )
        with self._database.write() as connection:
            state(connection, draft, now=said.at)

    def said(
        self, patients: Collection[PatientIdentifier], *, tenant: TenantId
    ) -> Mapping[PatientIdentifier, Opposition]:
        """See the port."""
        by_subject = {f"{PATIENT}{key_of(one)}": one for one in patients}
        kinds = (policy.DENIED, policy.GRANTED)
        with self._database.read() as connection:
            every = facts.of_subjects(connection, by_subject, kinds=kinds)
        found = {}
        for subject, patient in by_subject.items():
            own = [one for one in every if one.subject == subject and one.tenant == tenant]
            if own:
                found[patient] = Opposition(
                    opposed=policy.denied(own),
                    at=hlc.moment_of(own[-1].clock),
                    by=own[-1].author.subject,
                    reason=str(own[-1].body.get("reason", "")),
                )
        return found


def follow(
    connection: Connection, touched: Iterable[tuple[TenantId, str]], *, now: datetime
) -> None:
    """Withhold or show again what these subjects bear on. Node-wide: each names its tenant."""
    keys: set[StudyKey] = set()
    for tenant, subject in touched:
        if subject.startswith(STUDY):
            keys |= _key_of(tenant, subject)
        elif subject.startswith(PATIENT):
            keys |= _studies_of(connection, subject)
            settle_lent(connection, subject)
    for key in sorted(keys, key=str):
        settle(connection, key, now=now)


def state(connection: Connection, draft: Draft, *, now: datetime) -> Fact:
    """State a recall, an opposition or its end, and follow it here. Node-wide: it names whose."""
    written = facts.append(connection, draft, now=now)
    follow(connection, [(draft.tenant, draft.subject)], now=now)
    return written


def recall(
    connection: Connection, key: StudyKey, *, reason: str, author: Author, now: datetime
) -> Fact:
    """Call a study of ours back from every other node. Raises `NotFound` when none has heard."""
    stated = facts.of_subject(connection, f"{STUDY}{key.study}", tenant=key.tenant)
    told = next((one for one in stated if one.kind == AVAILABLE), None)
    if told is None:
        raise NotFound(f"study {key.study} was never announced to other nodes")
    draft = Draft(
        kind=RECALLED,
        subject=told.subject,
        tenant=key.tenant,
        body={"reason": reason[:200]},
        author=author,
        patient=told.patient,
    )
    return state(connection, draft, now=now)


def restore(connection: Connection, key: StudyKey, *, author: Author, now: datetime) -> int:
    """Lift the recalls of a study of ours that `author` stated; returns how many those were."""
    standing = _recalls(connection, key, author)
    for one in standing:
        draft = Draft(
            kind=RESTORED,
            subject=one.subject,
            tenant=key.tenant,
            body={"of": one.hash},
            author=author,
            patient=one.patient,
        )
        state(connection, draft, now=now)
    return len(standing)


def _recalls(connection: Connection, key: StudyKey, author: Author) -> list[Fact]:
    stated = facts.of_subject(connection, f"{STUDY}{key.study}", tenant=key.tenant)
    lifted = {str(one.body.get("of")) for one in stated if one.kind == RESTORED}
    return [
        one
        for one in stated
        if one.kind == RECALLED and one.author == author and one.hash not in lifted
    ]


def withholding(connection: Connection, key: StudyKey) -> Withholding | None:
    """Say why a study may not be handed on or shown; None when it may.

    Opposition is to sharing: it hides what came from another node, and closes our own to others.
    """
    stated = facts.of_subject(connection, f"{STUDY}{key.study}", tenant=key.tenant)
    home = home_of(connection, tenant=key.tenant) or facts.own(connection).node
    held = objects.fold(stated).get(home)
    if held is not None and held.presence is Presence.RECALLED:
        return Withholding.RECALLED
    patients = sorted({one.patient for one in stated if one.patient})
    said = facts.of_subjects(connection, patients, kinds=(policy.DENIED, policy.GRANTED))
    by_patient = ([one for one in said if one.subject == patient] for patient in patients)
    return Withholding.OPPOSED if any(policy.denied(one) for one in by_patient) else None


def settle(connection: Connection, key: StudyKey, *, now: datetime) -> Withholding | None:
    """Withhold a study here, or show it again, as the facts say now."""
    why = withholding(connection, key)
    if home_of(connection, tenant=key.tenant) in {None, facts.own(connection).node}:
        return why  # our own: who treats the patient here goes on seeing it
    row = {"tenant": key.tenant.value, "study_instance_uid": key.study.value}
    here = [withheld_study.c[name] == value for name, value in row.items()]
    before = connection.execute(select(withheld_study.c.why).where(*here)).scalar_one_or_none()
    if why is None:
        if before is not None:
            connection.execute(delete(withheld_study).where(*here))
            announce(connection, StudyShownAgain(tenant=key.tenant, at=now, study=key.study))
        return None
    _end_transfers(connection, key, why, now)
    if before != why.value:
        said = {"why": why.value, "at": now}
        connection.execute(
            upsert(connection, withheld_study)
            .values(**row, **said)
            .on_conflict_do_update(index_elements=list(row), set_=said)
        )
        announce(
            connection, StudyWithheld(tenant=key.tenant, at=now, study=key.study, why=why.value)
        )
    return why


def _end_transfers(connection: Connection, key: StudyKey, why: Withholding, now: datetime) -> None:
    connection.execute(
        update(transfer)
        .where(
            transfer.c.tenant == key.tenant.value,
            transfer.c.study_instance_uid == key.study.value,
            transfer.c.state.in_([state.value for state in CANCELLABLE]),
        )
        .values(state=TransferState.CANCELLED.value, detail=why.value, changed_at=now)
    )


def _key_of(tenant: TenantId, subject: str) -> set[StudyKey]:
    try:
        return {StudyKey(tenant, Uid(subject.removeprefix(STUDY)))}
    except Malformed:  # it names no study that could be here
        return set()


def _studies_of(connection: Connection, patient: str) -> set[StudyKey]:
    query = select(fact.c.tenant, fact.c.subject).where(
        fact.c.patient == patient, fact.c.kind == AVAILABLE
    )
    keys: set[StudyKey] = set()
    for row in connection.execute(query.distinct()):
        keys |= _key_of(TenantId(row.tenant), row.subject)
    return keys
