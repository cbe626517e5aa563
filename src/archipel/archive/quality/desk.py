"""Corrections asked for, done and undone: move, split, merge, correct.

Asking checks and keeps; the work is done apart, because it may take minutes. Doing and undoing may
be repeated and interrupted at any point: all they store follows from the correction.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import token_hex

from archipel.archive.model import Header, Held, StudyKey
from archipel.archive.quality.bin import (
    Bench,
    Decision,
    chosen,
    found,
    named,
    note,
    say,
)
from archipel.archive.quality.correction import (
    CORRECTABLE,
    OF_STUDY,
    Correction,
    Kind,
    State,
    copied,
    derived,
    gone,
    rejecting,
)
from archipel.archive.quality.model import Reason
from archipel.archive.quality.ports import File, Originals, Whole
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound
from archipel.kernel.uid import Uid
from archipel.standards.dicom.part10 import meta

_TO_ANOTHER = frozenset({Kind.MOVE, Kind.MERGE})
_WHOLE = frozenset({Kind.CORRECT, Kind.MERGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants corrected. `target` is of another study of the same organisation."""

    kind: Kind
    decision: Decision
    login: str
    target: Uid | None
    texts: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a correction would change, before anybody does it."""

    correction: Correction
    instances: int
    series: frozenset[Uid]
    before: Header
    after: Header


def preview(wanted: Wanted, *, scope: Scope, bench: Bench, now: datetime) -> Preview:
    """Say what would change, and change nothing. Raises `NotFound`, `Malformed`, `Conflict`."""
    whole, decision = found(wanted.decision, scope, bench)
    images = _shown(whole, decision)
    if not images:
        raise Conflict("nothing of this is left to be corrected")
    series = frozenset(one.key.series for one in images)
    if wanted.kind in _WHOLE and decision.series:
        raise Malformed(f"{wanted.kind.value} takes the whole exam, not some of its series")
    if wanted.kind is Kind.SPLIT and series == {one.key.series for one in _shown(whole, None)}:
        raise Conflict("a split leaves at least one series where it is")
    texts = _texts(wanted, whole, scope, bench)
    after = dict(whole.attributes) | texts
    if wanted.kind is Kind.CORRECT and all(
        whole.attributes.get(tag, "") == text for tag, text in texts.items()
    ):
        raise Conflict("nothing would change")
    name = token_hex(16)
    correction = Correction(
        name=name,
        kind=wanted.kind,
        source=whole.key,
        series=decision.series,
        target=wanted.target or derived(name, "study"),
        texts=texts,
        why=decision.why,
        by=decision.by,
        login=wanted.login,
        institution=decision.institution,
        at=now,
    )
    return Preview(
        correction=correction,
        instances=len(images),
        series=series,
        before={tag: whole.attributes.get(tag, "") for tag in sorted(CORRECTABLE)},
        after={tag: after.get(tag, "") for tag in sorted(CORRECTABLE)},
    )


def ask(wanted: Wanted, *, scope: Scope, bench: Bench, now: datetime) -> Correction:
    """Have a correction done; audited. Raises as `preview`."""
    looked = preview(wanted, scope=scope, bench=bench, now=now)
    one = looked.correction
    what = f"correction {one.name}: {one.kind.value} of {looked.instances} instances"
    say(one.source, f"{what} to study {one.target}", scope, bench, now)
    bench.studies.ask(one, scope=scope)
    return one


def ask_undo(name: str, *, scope: Scope, bench: Bench, now: datetime) -> Correction:
    """Have a correction undone; audited. Raises `NotFound`, `Conflict` when it was built upon."""
    one = bench.studies.correction(name, scope=scope)
    if one is None:
        raise NotFound("there is no such correction within your organisations")
    if one.state is State.UNDONE or one.state is State.UNDOING:
        return one
    if one.state is not State.DONE:
        raise Conflict("this correction is not done: there is nothing to undo")
    _copies(one, scope, bench)
    say(one.source, f"correction {name}: undone", scope, bench, now)
    bench.studies.settle(name, State.UNDOING, detail="", tenant=one.source.tenant, now=now)
    return replace(one, state=State.UNDOING)


def do(one: Correction, *, scope: Scope, bench: Bench, contents: Originals, now: datetime) -> None:
    """Store the copies, then the note that rejects the originals. May be repeated.

    Raises `Malformed` for an instance that cannot be copied; then nothing is rejected.
    """
    whole, decision = found(_decision(one), scope, bench)
    key = rejecting(one)
    if key not in {note.uid for note in whole.notes}:
        images = _shown(whole, decision)
        _store(bench, one, _files(one, images, contents))
        rejected = note(
            Reason.WORKLIST, images, whole, decision, (derived(one.name, "notes"), key), now=one.at
        )
        _store(bench, one, iter([rejected]))
    bench.studies.settle(one.name, State.DONE, detail="", tenant=one.source.tenant, now=now)


def undo(one: Correction, *, scope: Scope, bench: Bench, now: datetime) -> None:
    """Restore the originals, then reject the copies. May be repeated."""
    whole, decision = found(_decision(one), scope, bench)
    before = next((n for n in whole.notes if n.uid == rejecting(one)), None)
    if before is None:
        raise Conflict("the note of this correction is not there: it cannot be undone")
    originals = named(whole, {key.sop_instance for key in before.instances})
    restored = derived(one.name, "undo series"), derived(one.name, "undo")
    if restored[1] not in {note.uid for note in whole.notes}:
        back = note(None, originals, whole, decision, restored, now=one.at, undoes=[before])
        _store(bench, one, iter([back]))
    target = bench.studies.whole(StudyKey(one.source.tenant, one.target), scope=scope)
    out_uids = derived(one.name, "gone series"), gone(one)
    if target is not None and out_uids[1] not in {note.uid for note in target.notes}:
        copies = named(target, {_new(one, held.key.sop_instance) for held in originals})
        if copies:
            out = note(Reason.WORKLIST, copies, target, decision, out_uids, now=one.at)
            _store(bench, one, iter([out]))
    bench.studies.settle(one.name, State.UNDONE, detail="", tenant=one.source.tenant, now=now)


def _copies(one: Correction, scope: Scope, bench: Bench) -> None:
    """Hold that the copies are as the correction left them. Raises `Conflict`."""
    source = bench.studies.whole(one.source, scope=scope)
    target = bench.studies.whole(StudyKey(one.source.tenant, one.target), scope=scope)
    made_by = [n for n in source.notes if n.uid == rejecting(one)] if source else []
    if target is None or not made_by:
        raise Conflict("what this correction made is not there: it cannot be undone")
    made = {_new(one, key.sop_instance) for key in made_by[0].instances}
    if made & target.rejected or len(named(target, made)) != len(made):
        raise Conflict("what this correction made was changed since: undo that first")


def _shown(whole: Whole, decision: Decision | None) -> list[Held]:
    everything = Decision(key=whole.key, why="", by="", institution="")
    images = chosen(whole, decision or everything)
    return [one for one in images if one.key.sop_instance not in whole.rejected]


def _texts(wanted: Wanted, whole: Whole, scope: Scope, bench: Bench) -> dict[int, str]:
    """Say what the copies get: what was typed, or all that the target says."""
    odd = wanted.texts.keys() - CORRECTABLE
    if odd:
        raise Malformed(f"({min(odd) >> 16:04X},{min(odd) & 0xFFFF:04X}) is not corrected here")
    if wanted.kind not in _TO_ANOTHER:
        if wanted.target is not None:
            raise Malformed(f"{wanted.kind.value} makes an exam of its own: it has no target")
        return {tag: text.strip() for tag, text in wanted.texts.items()}
    if wanted.target is None or wanted.target == whole.key.study:
        raise Malformed("say to which other exam")
    target = bench.studies.whole(StudyKey(whole.key.tenant, wanted.target), scope=scope)
    if target is None or not _shown(target, None):
        raise NotFound("there is no such exam of your own organisation")
    if wanted.texts:
        raise Malformed("the series say of patient and study what the other exam says")
    every = OF_STUDY & (whole.attributes.keys() | target.attributes.keys() | CORRECTABLE)
    return {tag: target.attributes.get(tag, "") for tag in every}


def _decision(one: Correction) -> Decision:
    return Decision(
        key=one.source,
        why=one.why,
        by=one.by,
        institution=one.institution,
        series=one.series,
    )


def _new(one: Correction, uid: Uid) -> Uid:
    return derived(one.name, uid.value)


def _files(one: Correction, images: list[Held], contents: Originals) -> Iterator[File]:
    """Write the copies, one at a time."""
    of_series = {held.key.series for held in images}
    named_here = {held.key.sop_instance for held in images} | of_series
    names = {uid.value: _new(one, uid).value for uid in named_here}
    for held in images:
        body = copied(contents.dataset(held), held.transfer_syntax, one, names)
        sop_instance = _new(one, held.key.sop_instance)
        yield File(
            head=meta(
                sop_class=held.sop_class,
                sop_instance=sop_instance,
                transfer_syntax=held.transfer_syntax,
            ),
            body=body,
            sop_class=held.sop_class,
            sop_instance=sop_instance,
            transfer_syntax=held.transfer_syntax,
        )


def _store(bench: Bench, one: Correction, files: Iterator[File]) -> None:
    bench.deposit.store(files, tenant=one.source.tenant, decision=one.name)
