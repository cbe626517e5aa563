"""What the identity desk does besides linking: it vouches for a source, and sees who is alike.

A doubt is two appearances of one identifier that do not fit (`model.doubts`). Whoever is alike is
shown with what agrees and never joined by itself: twins share a birth date and a family name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from archipel.access.model import Permission, Visitor
from archipel.access.ports import Audit
from archipel.identity.model import Doubt, Person, SourceKey, Traits
from archipel.identity.ports import Persons
from archipel.identity.trail import say
from archipel.standards.dicom.matching import words_of

_LOOKED_AT = 50
_SHARED_LENGTH = 2  # letters: an initial is no word of a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Another person who may be the same, and what agrees. Of the name, some words at least."""

    person: Person
    agrees: frozenset[Doubt]
    words: int  # of the name that both have


def vouch(
    key: SourceKey, *, visitor: Visitor, persons: Persons, audit: Audit, now: datetime
) -> None:
    """Say that all appearances of a source are one patient. Raises `Refused`, `NotFound`."""
    visitor.require(Permission.RESOLVE_IDENTITY)
    say("source vouched for", visitor=visitor, audit=audit, now=now)
    persons.settle(key, scope=visitor.scope)


def doubt_again(
    key: SourceKey, *, visitor: Visitor, persons: Persons, audit: Audit, now: datetime
) -> None:
    """Put a source before the desk again. Raises `Refused`, `NotFound`."""
    visitor.require(Permission.RESOLVE_IDENTITY)
    say("source doubted again", visitor=visitor, audit=audit, now=now)
    persons.reopen(key, scope=visitor.scope)


def alike(person: Person, *, visitor: Visitor, persons: Persons, limit: int) -> Sequence[Alike]:
    """List who was born the same day, or has the same words in the name; the likeliest first.

    Raises `Refused`.
    """
    visitor.require(Permission.RESOLVE_IDENTITY)
    traits = person.traits.folded
    words = [word for word in words_of(traits.name) if len(word) >= _SHARED_LENGTH]
    found: dict[str, Person] = {}
    for asked, born in (((), traits.birth_date), (tuple(words[:2]), "")):
        if asked or born:
            for one in persons.find(
                words=asked,
                identifiers=(),
                birth_date=born,
                scope=visitor.scope,
                limit=_LOOKED_AT,
            ):
                found[one.id] = one
    found.pop(person.id, None)
    compared = (_compared(traits, words, other) for other in found.values())
    likely = [one for one in compared if one.words and one.agrees]
    likely.sort(key=lambda one: (-len(one.agrees), -one.words, one.person.id))
    return likely[:limit]


def _compared(traits: Traits, words: Sequence[str], other: Person) -> Alike:
    theirs = other.traits.folded
    shared = len(set(words) & set(words_of(theirs.name)))
    agrees = set()
    if shared and shared == len(set(words)):
        agrees.add(Doubt.NAME)
    if traits.birth_date and traits.birth_date == theirs.birth_date:
        agrees.add(Doubt.BIRTH_DATE)
    if traits.sex and traits.sex == theirs.sex:
        agrees.add(Doubt.SEX)
    if agrees == {Doubt.SEX}:
        agrees.clear()  # half of all people
    return Alike(person=other, agrees=frozenset(agrees), words=shared)
