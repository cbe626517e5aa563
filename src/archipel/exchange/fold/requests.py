"""Who reads a request, and which of the signed reports answers it (exchange rules for claims).

Kinds, all under the subject of the request: ``request.claimed`` (body: claim),
``request.released`` (claim), ``request.confirmed`` (claim, fence; the home's alone),
``report.signed`` (document, parents, claim, stale), ``request.reconciled`` (principal; by
somebody who has seen every report it knew of).

The highest fence that the home confirmed wins, else the earliest claim that was not given back.
A claim that was confirmed and overtaken by a higher fence never comes back, and who gives an exam
back gives back all that their node claimed before.

A signed report is a medical act and is never dropped: those that are not the principal one are
additional readings. One that was signed under a lost lease, or when the home had confirmed a
higher fence, is principal only where somebody chose it. Two readings, a stale one, and one that
answers in the place of the reader whom the home confirmed are a conflict for people to see, until
somebody who has seen them all chose.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from archipel.exchange.model import Fact

CLAIMED, RELEASED, CONFIRMED = "request.claimed", "request.released", "request.confirmed"
SIGNED, RECONCILED = "report.signed", "request.reconciled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading: a first signed version and all that follow from it, in the common order."""

    claim: str
    versions: tuple[Fact, ...]

    @property
    def documents(self) -> frozenset[str]:
        """Digests of its versions."""
        return frozenset(_text(fact, "document") for fact in self.versions)

    @property
    def stale(self) -> bool:
        """Tell whether every version was signed under a lease that was lost."""
        return all(fact.body.get("stale") is True for fact in self.versions)

    @property
    def heads(self) -> tuple[Fact, ...]:
        """The versions no other one supersedes; two are concurrent addenda, both shown."""
        parents = {parent for fact in self.versions for parent in _parents(fact)}
        return tuple(f for f in self.versions if _text(f, "document") not in parents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What the claims and signed reports of one request come to."""

    winner: Fact | None
    fence: int | None  # None: the home has confirmed nobody
    others: tuple[Fact, ...]
    principal: Reading | None
    additional: tuple[Reading, ...]
    conflict: bool


def fold(facts: Collection[Fact]) -> Claims:
    """Say who reads and what answers; `facts` may come in any order."""
    ordered = sorted(facts, key=lambda fact: fact.order)
    claims = [f for f in ordered if f.kind == CLAIMED and _text(f, "claim")]
    winner, fence = _winner(claims, ordered)
    readings = _readings([f for f in ordered if f.kind == SIGNED and _text(f, "document")])
    chosen = [f for f in ordered if f.kind == RECONCILED]
    firm = [one for one in readings if not one.stale and not _overtaken(one, ordered)]
    principal = _principal(readings, firm, winner, chosen)
    signed = [version for reading in readings for version in reading.versions]
    settled = bool(chosen) and all(chosen[-1].knew(version) for version in signed)
    return Claims(
        winner=winner,
        fence=fence,
        others=tuple(claim for claim in claims if claim is not winner),
        principal=principal,
        additional=tuple(reading for reading in readings if reading is not principal),
        conflict=not settled and _to_look_at(readings, firm, winner, fence),
    )


def _winner(claims: Sequence[Fact], ordered: Sequence[Fact]) -> tuple[Fact | None, int | None]:
    released = [f for f in ordered if f.kind == RELEASED]
    by_name = {_text(claim, "claim"): claim for claim in reversed(claims)}
    live = {
        _text(claim, "claim"): claim
        for claim in reversed(claims)
        if not any(_gives_back(one, claim, by_name.get(_text(one, "claim"))) for one in released)
    }
    confirmed = [
        (number, fact.order, _text(fact, "claim"))
        for fact in ordered
        if fact.kind == CONFIRMED and _by_home(fact)
        for number in [_number(fact, "fence")]
        if number is not None and _text(fact, "claim") in by_name
    ]
    if confirmed:
        number, _order, claim = max(confirmed)
        if claim in live:
            return live[claim], number
    overtaken = {claim for _number, _order, claim in confirmed}
    left = [claim for name, claim in live.items() if name not in overtaken]
    return min(left, key=lambda fact: fact.order, default=None), None


def _gives_back(release: Fact, claim: Fact, given: Fact | None) -> bool:
    """Tell whether a release ends a claim: the node that claimed states it, or home.

    `given` is the claim that it names: what the same node claimed before passed into it.
    """
    if _text(release, "claim") == _text(claim, "claim"):
        return release.log.node == claim.log.node or _by_home(release)
    if given is None or given.log.node != claim.log.node or claim.order > given.order:
        return False
    return release.log.node == given.log.node or _by_home(release)


def _by_home(fact: Fact) -> bool:
    """Tell whether the home that the subject names wrote a fact: an envelope says anything."""
    return fact.subject.startswith(f"request:{fact.log.node}:")


def _overtaken(reading: Reading, ordered: Sequence[Fact]) -> bool:
    """Tell whether the home had confirmed a higher fence than a reading's, when it was signed."""
    first = reading.versions[0]
    fences = [
        (number, _text(fact, "claim"))
        for fact in ordered
        if fact.kind == CONFIRMED and _by_home(fact) and fact.order < first.order
        for number in [_number(fact, "fence")]
        if number is not None
    ]
    own = [number for number, claim in fences if claim == reading.claim]
    return bool(own) and max(fences)[0] > max(own)


def _to_look_at(
    readings: Sequence[Reading], firm: Sequence[Reading], winner: Fact | None, fence: int | None
) -> bool:
    """Tell whether somebody must look: at two readings, a stale one, or one by another reader."""
    if len(readings) > 1 or len(firm) < len(readings):
        return True
    if fence is None or winner is None:
        return False
    nodes = {version.log.node for one in firm for version in one.versions}
    return bool(firm) and winner.log.node not in nodes


def _readings(signed: Sequence[Fact]) -> tuple[Reading, ...]:
    """Put versions together that one leads to the other, the reading that began first first."""
    groups: list[list[Fact]] = []
    for fact in signed:
        linked = {_text(fact, "document"), *_parents(fact)}
        joined: list[list[Fact]] = []
        apart: list[list[Fact]] = []
        for group in groups:
            known = {_text(one, "document") for one in group}
            known |= {parent for one in group for parent in _parents(one)}
            (joined if known & linked else apart).append(group)
        groups = [*apart, [*(one for group in joined for one in group), fact]]
    whole = [sorted(group, key=lambda fact: fact.order) for group in groups]
    whole.sort(key=lambda group: group[0].order)
    return tuple(Reading(claim=_text(group[0], "claim"), versions=tuple(group)) for group in whole)


def _principal(
    readings: Sequence[Reading],
    firm: Sequence[Reading],
    winner: Fact | None,
    chosen: Sequence[Fact],
) -> Reading | None:
    for choice in reversed(chosen):
        document = _text(choice, "principal")
        for reading in readings:
            if document in reading.documents:
                return reading
    if winner is not None:
        for reading in firm:
            if reading.claim == _text(winner, "claim"):
                return reading
    return firm[0] if firm else None


def _text(fact: Fact, name: str) -> str:
    value = fact.body.get(name)
    return value if isinstance(value, str) else ""


def _number(fact: Fact, name: str) -> int | None:
    value = fact.body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _parents(fact: Fact) -> tuple[str, ...]:
    value = fact.body.get("parents")
    if not isinstance(value, list | tuple):
        return ()
    return tuple(parent for parent in value if isinstance(parent, str))
