"""What may be done with a workitem, and what comes of it (PS3.4 table CC.1.1-2).

Every verb is a function of the step as it stands; whoever keeps steps runs it within the
transaction that reads and writes them.
"""

from dataclasses import replace
from datetime import UTC, datetime

from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.orders.steps import attributes as tags
from archipel.orders.steps.errors import (
    AlreadyCompleted,
    AlreadyInProgress,
    FinalStateNotMet,
    HasEnded,
    MayNoLongerBeUpdated,
    MustBeScheduled,
    NeverScheduledAgain,
    NotClaimed,
    NotInProgress,
    TransactionIncorrect,
    TransactionMissing,
    Unfit,
)
from archipel.orders.steps.model import (
    PUSH_CLASS,
    Notice,
    Outcome,
    Report,
    ReportKind,
    State,
    Workitem,
)
from archipel.standards.dicom.dataset import DataSet

_REQUESTED_BY, _CONTACT, _CONTACT_NAME = 0x00741236, 0x0074100A, 0x0074100C
_UNSPECIFIED = {
    0x00080100: "110513",
    0x00080102: "DCM",
    0x00080104: "Discontinued for unspecified reason",
}


def create(content: DataSet, *, uid: Uid | None, tenant: TenantId, now: datetime) -> Outcome:
    """Make a step of what is told of it. Raises `Unfit`, `MustBeScheduled`.

    Its UID is `uid`, or what (0008,0018) says, or a fresh one.
    """
    said = content.text(tags.SOP_INSTANCE)
    if uid is not None and said and said != uid.value:
        raise Unfit("(0008,0018) names another workitem than the address")
    known = uid or (Uid(said) if said else Uid.fresh())
    tags.check_new(content)
    if content.text(tags.STATE) != State.SCHEDULED.value:
        raise MustBeScheduled
    content.elements.pop(tags.TRANSACTION, None)
    filled = tags.fill(content)
    content.set_text(tags.SOP_CLASS, PUSH_CLASS.value)
    content.set_text(tags.SOP_INSTANCE, known.value)
    content.set_text(tags.MODIFIED, moment(now))
    made = Workitem(
        tenant=tenant,
        uid=known,
        state=State.SCHEDULED,
        transaction=None,
        modified_at=now,
        content=content,
    )
    notice = Notice.WITH_MODIFICATIONS if filled else None
    return Outcome(workitem=made, reports=[state_report(made)], notice=notice)


def update(held: Workitem, changes: DataSet, *, transaction: Uid | None, now: datetime) -> Outcome:
    """Set attributes of a step (PS3.4 CC.2.6).

    Raises `MayNoLongerBeUpdated`, `TransactionMissing`, `TransactionIncorrect`, `NotClaimed`,
    `Unfit`.
    """
    if held.state.is_final:
        raise MayNoLongerBeUpdated(f"workitem {held.uid} is {held.state.value}")
    if held.state is State.IN_PROGRESS:
        _check_transaction(held, transaction)
    elif transaction is not None:
        raise NotClaimed(held.uid)
    changes.elements.pop(tags.TRANSACTION, None)
    changes.elements.pop(tags.CHARACTER_SET, None)
    tags.check_update(changes)
    content = DataSet({**held.content.elements, **changes.elements}, held.content.outer)
    changed = _changed(held, content, now)
    reports = []
    if tags.READINESS in changes:
        reports.append(state_report(changed))
    if tags.PROGRESS in changes:
        reports.append(_told(changed, ReportKind.PROGRESS, tags.PROGRESS))
    if {tags.STATION, tags.PERFORMERS} & changes.elements.keys():
        reports.append(_told(changed, ReportKind.ASSIGNED, tags.STATION, tags.PERFORMERS))
    return Outcome(workitem=changed, reports=reports)


def change_state(
    held: Workitem, wanted: State, *, transaction: Uid | None, now: datetime
) -> Outcome:
    """Claim a step, or end it (PS3.4 CC.2.1).

    Raises `TransactionMissing`, `TransactionIncorrect`, `NeverScheduledAgain`, `HasEnded`,
    `AlreadyInProgress`, `NotInProgress`, `FinalStateNotMet`.
    """
    if wanted is State.SCHEDULED:
        raise NeverScheduledAgain
    if transaction is None:
        raise TransactionMissing
    if wanted is State.IN_PROGRESS:
        return _claimed(held, transaction, now)
    if held.state is State.SCHEDULED:
        raise NotInProgress(held.uid)
    _check_transaction(held, transaction)
    if held.state is wanted:
        done = wanted is State.COMPLETED
        notice = Notice.ALREADY_COMPLETED if done else Notice.ALREADY_CANCELED
        return Outcome(workitem=held, notice=notice)
    if held.state.is_final:
        raise HasEnded(f"workitem {held.uid} is {held.state.value}")
    if lacks := tags.lacking(held.content, wanted):
        raise FinalStateNotMet(
            f"workitem {held.uid} is not {wanted.value} without {', '.join(lacks)}"
        )
    ended = _changed(held, held.content, now, state=wanted)
    return Outcome(workitem=ended, reports=[state_report(ended)])


def request_cancel(held: Workitem, asked: DataSet, *, who: AETitle, now: datetime) -> Outcome:
    """Ask that a step be given up (PS3.4 CC.2.2): one that nobody has claimed is.

    Raises `AlreadyCompleted`.
    """
    if held.state is State.COMPLETED:
        raise AlreadyCompleted(held.uid)
    if held.state is State.CANCELED:
        return Outcome(workitem=held, notice=Notice.ALREADY_CANCELED)
    if held.state is State.IN_PROGRESS:
        wish = DataSet(outer=asked.charset)
        for tag in (tags.REASON_CODE, tags.REASON, _CONTACT, _CONTACT_NAME):
            if tag in asked:
                wish.elements[tag] = asked.elements[tag]
        wish.set_text(_REQUESTED_BY, who.value)
        return Outcome(workitem=held, reports=[Report(ReportKind.CANCEL_REQUESTED, wish)])
    given_up = DataSet(outer=held.content.charset)
    given_up.set_text(tags.CANCELLED_AT, moment(now))
    if tags.has_value(asked, tags.REASON):
        given_up.set_text(tags.REASON, asked.text(tags.REASON))
    codes = asked.items(tags.REASON_CODE) or [DataSet.from_texts(_UNSPECIFIED)]
    given_up.set_items(tags.REASON_CODE, codes)
    content = DataSet(dict(held.content.elements), held.content.outer)
    content.set_items(tags.PROGRESS, [given_up])
    taken = _changed(held, content, now, state=State.IN_PROGRESS)
    ended = _changed(taken, taken.content, now, state=State.CANCELED)
    return Outcome(workitem=ended, reports=[state_report(taken), state_report(ended)])


def state_report(item: Workitem) -> Report:
    """Tell the state of a step, as when it changes and when somebody begins to watch."""
    report = _told(item, ReportKind.STATE, tags.STATE, tags.READINESS)
    if item.state is State.CANCELED:
        for given_up in item.content.items(tags.PROGRESS)[:1]:
            for tag in (tags.REASON, tags.REASON_CODE):
                if tag in given_up:
                    report.content.elements[tag] = given_up.elements[tag]
    return report


def moment(at: datetime) -> str:
    """Write a moment as DT does, in UTC (PS3.5 section 6.2)."""
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S.%f}+0000"


def _claimed(held: Workitem, transaction: Uid, now: datetime) -> Outcome:
    if held.state is State.IN_PROGRESS:
        raise AlreadyInProgress(held.uid)
    if held.state.is_final:
        if held.transaction != transaction:
            raise TransactionIncorrect
        raise HasEnded(f"workitem {held.uid} is {held.state.value}")
    claimed = replace(held, transaction=transaction)
    claimed = _changed(claimed, held.content, now, state=State.IN_PROGRESS)
    return Outcome(workitem=claimed, reports=[state_report(claimed)])


def _check_transaction(held: Workitem, transaction: Uid | None) -> None:
    if transaction is None:
        raise TransactionMissing
    if transaction != held.transaction:
        raise TransactionIncorrect


def _changed(
    held: Workitem, content: DataSet, now: datetime, *, state: State | None = None
) -> Workitem:
    made = DataSet(dict(content.elements), content.outer)
    made.set_text(tags.MODIFIED, moment(now))
    made.set_text(tags.STATE, (state or held.state).value)
    return replace(held, content=made, state=state or held.state, modified_at=now)


def _told(item: Workitem, kind: ReportKind, *attributes: int) -> Report:
    said = DataSet(outer=item.content.charset)
    for tag in attributes:
        if tag in item.content:
            said.elements[tag] = item.content.elements[tag]
    return Report(kind, said)
