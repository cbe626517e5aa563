"""Source patients as each organisation names them, and the persons behind them.

An identifier means something only with its issuer (IHE PIX: assigning authority). A source
patient is one identifier of one issuer; a person is a set of source patients that somebody linked,
or one alone. Nothing is ever merged: a link can be taken back, and all is as before.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import combinations
from typing import NewType

from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.standards.dicom.matching import normalise_date, normalise_name, words_of

PersonId = NewType("PersonId", str)
"""An opaque random name of a person: it may stand in addresses and logs."""


@dataclass(frozen=True, slots=True, order=True)
class SourceKey:
    """What names a source patient: identifier and issuer; or, where there is none, one study.

    `alone` is empty, or names the study that came without a Patient ID (0010,0020).
    """

    identifier: PatientIdentifier
    alone: str = ""

    @classmethod
    def of(cls, identifier: PatientIdentifier, *, tenant: TenantId, study: Uid) -> "SourceKey":
        """Name the source of a study. Two studies without identifier are never one person."""
        value = identifier.value.strip(" \0")
        issuer = Issuer(identifier.issuer.namespace.strip(" \0"))
        return cls(PatientIdentifier(value, issuer), "" if value else f"{tenant}/{study}")


@dataclass(frozen=True, slots=True, order=True)
class Traits:
    """Name (0010,0010), birth date (0010,0030) and sex (0010,0040) as the data set said them."""

    name: str
    birth_date: str
    sex: str

    @property
    def folded(self) -> "Traits":
        """Return the same without what does not count: case, accents, delimiters, blanks."""
        return Traits(
            normalise_name(self.name), normalise_date(self.birth_date), self.sex.strip().upper()
        )


class Doubt(Enum):
    """What differs between two appearances of one identifier."""

    NAME = "name"
    BIRTH_DATE = "birth-date"
    SEX = "sex"


class Standing(Enum):
    """How far an identity is known, in one word. `standing` says when."""

    UNIDENTIFIED = "unidentified"  # the study names no patient: no identifier at all
    PROVISIONAL = "provisional"  # nothing confirms it, nothing contradicts it
    CONFIRMED = "confirmed"  # an identifier of a known issuer, and what was said agrees
    QUALIFIED = "qualified"  # the same, and the identifier is a national identity
    CONFLICT = "conflict"  # what was said does not fit together: for the identity desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """Traits under which a source patient was seen, in which organisation, and when."""

    tenant: TenantId
    traits: Traits
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePatient:
    """One identifier, the person it stands for now, and how it appeared."""

    key: SourceKey
    person: PersonId
    appearances: tuple[Appearance, ...]
    doubted: bool  # for the identity desk to look at
    standing: Standing  # from all appearances, also those out of scope

    @property
    def traits(self) -> Traits:
        """Return the traits seen last."""
        latest = max(self.appearances, key=lambda one: (one.last_seen, one.traits))
        return latest.traits


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, as far as one scope may know: the visible sources and appearances only."""

    id: PersonId
    sources: tuple[SourcePatient, ...]

    @property
    def traits(self) -> Traits:
        """Return the traits seen last among the visible ones."""
        appearances = [one for source in self.sources for one in source.appearances]
        return max(appearances, key=lambda one: (one.last_seen, one.traits)).traits


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Two source patients are one person: who says so, why, when. It can be taken back."""

    one: SourceKey
    other: SourceKey
    by: str  # login
    basis: str
    at: datetime


def doubts(appearances: tuple[Appearance, ...]) -> frozenset[Doubt]:
    """Say what differs among the appearances of one identifier, whatever their order.

    What one of two leaves out is no difference. Names differ when neither has all the words of
    the other: a second given name or a married name beside the birth name is common.
    """
    found: set[Doubt] = set()
    for one, other in combinations([appearance.traits.folded for appearance in appearances], 2):
        if _differ_in_words(one.name, other.name):
            found.add(Doubt.NAME)
        if one.birth_date and other.birth_date and one.birth_date != other.birth_date:
            found.add(Doubt.BIRTH_DATE)
        if one.sex and other.sex and one.sex != other.sex:
            found.add(Doubt.SEX)
    return frozenset(found)


def _differ_in_words(one: str, other: str) -> bool:
    words, others = set(words_of(one)), set(words_of(other))
    return not (words <= others or others <= words)
