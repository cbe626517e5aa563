"""Into the bin and out of it: rejecting and restoring, each a note stored by the one way in.

No byte goes, so whatever was rejected comes back as it was. Retention speaks by the same verb
(`Reason.EXPIRED`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.archive.model import Held, StudyKey
from archipel.archive.quality.correction import derived
from archipel.archive.quality.model import RULES, Note, Reason
from archipel.archive.quality.ports import Deposit, File, Studies, Whole
from archipel.archive.quality.writing import SYNTAX, Words, note_file
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound
from archipel.kernel.uid import Uid
from archipel.standards.dicom.document import KEY_OBJECT_SELECTION
from archipel.standards.dicom.part10 import split

REASON_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What quality control works with. `door` is how the audit calls where it was decided."""

    studies: Studies
    deposit: Deposit
    audit: Audit
    door: str = "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who decides what. Neither series nor instances named: the whole study."""

    key: StudyKey
    why: str
    by: str
    institution: str
    series: frozenset[Uid] = frozenset()
    instances: frozenset[Uid] = frozenset()


def reject(wanted: Decision, reason: Reason, *, scope: Scope, bench: Bench, now: datetime) -> Uid:
    """Reject what is named and not rejected as strongly yet; returns the note. Audited.

    Raises `NotFound` out of scope, `Malformed` without a reason, `Conflict` where nothing is left.
    """
    whole, wanted = found(wanted, scope, bench)
    strength = RULES[reason].strength
    images = [
        one
        for one in chosen(whole, wanted)
        if (known := whole.reasons.get(one.key.sop_instance)) is None
        or RULES[known].strength < strength
    ]
    if not images:
        raise Conflict("nothing of this is left to be rejected: it is in the bin already")
    say(wanted.key, f"{len(images)} instances rejected: {reason.value}", scope, bench, now)
    uids = Uid.fresh(), Uid.fresh()
    bench.deposit.store(
        [note(reason, images, whole, wanted, uids, now=now)],
        tenant=wanted.key.tenant,
        decision=uids[1].value,
    )
    return uids[1]


def restore(wanted: Decision, rejecting: Uid, *, scope: Scope, bench: Bench, now: datetime) -> Uid:
    """Take one note back: what it alone hides is seen again. Returns the note that says so.

    Raises as `reject`; `NotFound` where no such note stands.
    """
    whole, wanted = found(wanted, scope, bench)
    undone = {uid for one in whole.notes for uid in one.undoes}
    one = next((n for n in whole.notes if n.uid == rejecting and n.reason is not None), None)
    if one is None or one.uid in undone:
        raise NotFound("nothing is rejected by such a note")
    images = named(whole, {key.sop_instance for key in one.instances})
    say(wanted.key, f"note {rejecting} taken back: {len(images)} instances", scope, bench, now)
    # The same note taken back twice makes one object: pressed twice, or asked again after a crash.
    uids = derived(rejecting.value, "restored series"), derived(rejecting.value, "restored")
    bench.deposit.store(
        [note(None, images, whole, wanted, uids, now=now, undoes=[one])],
        tenant=wanted.key.tenant,
        decision=uids[1].value,
    )
    return uids[1]


def restore_resent(
    key: StudyKey, instances: Collection[Uid], *, scope: Scope, bench: Bench, now: datetime
) -> None:
    """Take rejections of these back, because they were sent once more after their retention.

    `now` is when that was told: doing it again makes the same bytes.
    """
    whole = bench.studies.whole(key, scope=scope)
    images = named(whole, set(instances)) if whole else []
    if whole is None or not images:
        return
    wanted = Decision(key=key, why="sent again", by=scope.actor.name, institution="")
    seed = " ".join([key.study.value, now.isoformat(), *sorted(uid.value for uid in instances)])
    uids = derived(seed, "sent again series"), derived(seed, "sent again")
    say(key, f"{len(images)} instances sent again after their retention", scope, bench, now)
    bench.deposit.store(
        [note(None, images, whole, wanted, uids, now=now)],
        tenant=key.tenant,
        decision=uids[1].value,
    )


def found(wanted: Decision, scope: Scope, bench: Bench) -> tuple[Whole, Decision]:
    """Give the study of a decision, for its owner. Raises `NotFound`, `Malformed`."""
    why = wanted.why.strip()
    if not why or len(why) > REASON_LENGTH:
        raise Malformed(f"say why in 1 to {REASON_LENGTH} characters")
    sees = scope.sees(wanted.key.tenant)
    whole = bench.studies.whole(wanted.key, scope=scope) if sees else None
    if whole is None:
        raise NotFound("there is no such exam of your own organisation")
    return whole, replace(wanted, why=why)


def chosen(whole: Whole, wanted: Decision) -> list[Held]:
    """Give the instances a decision is about, notes left out."""
    notes = {one.uid for one in whole.notes}
    everything = not (wanted.series or wanted.instances)
    return [
        one
        for one in whole.held
        if one.key.sop_instance not in notes
        and (
            everything
            or one.key.series in wanted.series
            or one.key.sop_instance in wanted.instances
        )
    ]


def named(whole: Whole, instances: Collection[Uid]) -> list[Held]:
    """Give the held ones of these instances."""
    return [one for one in whole.held if one.key.sop_instance in instances]


def note(
    reason: Reason | None,
    images: Sequence[Held],
    whole: Whole,
    wanted: Decision,
    uids: tuple[Uid, Uid],
    *,
    now: datetime,
    undoes: Sequence[Note] = (),
) -> File:
    """Write a note as a file to be stored."""
    words = Words(why=wanted.why, by=wanted.by, institution=wanted.institution, at=now)
    made = note_file(
        reason, images, study=whole.attributes, words=words, uids=uids, undoes=undoes
    ).content
    start = split(made)[1]
    return File(
        head=made[:start],
        body=made[start:],
        sop_class=KEY_OBJECT_SELECTION,
        sop_instance=uids[1],
        transfer_syntax=SYNTAX,
    )


def say(key: StudyKey, what: str, scope: Scope, bench: Bench, now: datetime) -> None:
    """Write the audit of a decision."""
    entry = AuditEntry(
        tenant=key.tenant,
        at=now,
        actor=scope.actor,
        action=Action.CHANGE,
        subject=key.study.value,
        door=bench.door,
        detail=what,
    )
    bench.audit.record([entry])
