"""Consent: a deny beats every grant that did not know of it (fails closed).

Kinds: ``policy.denied`` (body: by) and ``policy.granted`` (body: by). Subject: the patient.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from archipel.exchange.model import Fact

DENIED, GRANTED = "policy.denied", "policy.granted"


class Stance(Enum):
    """Whether a patient's things may be shared."""

    DEFAULT = "default"  # nothing was said: what the organisations agreed
    GRANTED = "granted"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A patient's word on sharing, and the denials that stand."""

    stance: Stance
    standing: tuple[str, ...]  # hashes of denials no grant has lifted


def fold(facts: Collection[Fact]) -> Policy:
    """Say what holds for a patient."""
    grants = [fact for fact in facts if fact.kind == GRANTED]
    standing = sorted(
        fact.hash
        for fact in facts
        if fact.kind == DENIED and not any(grant.knew(fact) for grant in grants)
    )
    if standing:
        return Policy(stance=Stance.DENIED, standing=tuple(standing))
    return Policy(stance=Stance.GRANTED if grants else Stance.DEFAULT, standing=())


def denied(facts: Collection[Fact]) -> bool:
    """Tell whether the patient opposes sharing."""
    return fold(facts).stance is Stance.DENIED
