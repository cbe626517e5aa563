"""`dispose.Bin` by the notes of quality control: retention speaks with the same verb (113039)."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from archipel.archive.model import StudyKey
from archipel.archive.quality.bin import Bench, Decision, chosen, reject, restore
from archipel.archive.quality.model import Reason, in_force
from archipel.archive.quality.ports import Whole
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.uid import Uid

_ACTOR = Actor(ActorKind.NODE, "retention")


@dataclass(frozen=True, slots=True)
class RejectionBin:
    """Notes that say that a retention policy expired. `institution` names whose an exam is."""

    bench: Bench
    institution: Callable[[StudyKey], str]

    def lay(self, key: StudyKey, *, why: str, by: str, now: datetime) -> None:
        """See the port."""
        with suppress(Conflict):  # a former try did it
            reject(
                self._decision(key, why, by),
                Reason.EXPIRED,
                scope=_scope(key),
                bench=self.bench,
                now=now,
            )

    def lies(self, key: StudyKey) -> bool:
        """See the port."""
        whole = self.bench.studies.whole(key, scope=_scope(key))
        if whole is None:
            return False
        images = chosen(whole, self._decision(key, "", ""))
        return all(whole.reasons.get(one.key.sop_instance) is Reason.EXPIRED for one in images)

    def take_back(self, key: StudyKey, *, why: str, by: str, now: datetime) -> None:
        """See the port."""
        whole = self.bench.studies.whole(key, scope=_scope(key))
        for note in _expiring(whole):
            with suppress(NotFound):  # a former try did it
                restore(
                    self._decision(key, why, by),
                    note,
                    scope=_scope(key),
                    bench=self.bench,
                    now=now,
                )

    def _decision(self, key: StudyKey, why: str, by: str) -> Decision:
        return Decision(
            key=key, why=why[:200], by=by or _ACTOR.name, institution=self.institution(key)
        )


def _expiring(whole: Whole | None) -> list[Uid]:
    notes = in_force(whole.notes) if whole else []
    return [one.uid for one in notes if one.reason is Reason.EXPIRED]


def _scope(key: StudyKey) -> Scope:
    return Scope(_ACTOR, frozenset({key.tenant}))
