"""Studies of a home: available, recalled, restored.

Subject ``study:UID``. Kinds, all by the home alone: ``study.available`` (revision,
manifest, what a list shows), ``object.recalled`` (reason, uids), ``object.restored`` (of: the
hash of a recall). A recall is a tombstone: it may come before the object, and only a restore
that names it lifts it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from archipel.exchange.model import Fact, NodeName


class Presence(Enum):
    """Whether a home's study may be used."""

    UNKNOWN = "unknown"  # only heard of
    AVAILABLE = "available"
    RECALLED = "recalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """A study at one home. `available` is the hash of its newest announcement."""

    presence: Presence
    available: str | None
    revision: int
    recalls: tuple[str, ...]  # those that stand


def fold(facts: Collection[Fact]) -> Mapping[NodeName, Object]:
    """Say how the study stands at each home that states something of it."""
    homes = sorted({fact.home for fact in facts if fact.log.node == fact.home})
    return {home: _at(home, facts) for home in homes}


def newest(facts: Collection[Fact], home: NodeName) -> Fact | None:
    """Return the newest announcement of a home."""
    told = [f for f in facts if f.kind == "study.available" and f.home == f.log.node == home]
    return max(told, key=lambda fact: (_revision(fact), *fact.order), default=None)


def _at(home: NodeName, facts: Collection[Fact]) -> Object:
    mine = [fact for fact in facts if fact.home == fact.log.node == home]
    restored = {str(fact.body.get("of")) for fact in mine if fact.kind == "object.restored"}
    recalls = sorted(
        fact.hash for fact in mine if fact.kind == "object.recalled" and fact.hash not in restored
    )
    last = newest(mine, home)
    presence = Presence.AVAILABLE if last else Presence.UNKNOWN
    return Object(
        presence=Presence.RECALLED if recalls else presence,
        available=last.hash if last else None,
        revision=_revision(last) if last else 0,
        recalls=tuple(recalls),
    )


def _revision(fact: Fact) -> int:
    revision = fact.body.get("revision")
    return revision if type(revision) is int else 0
