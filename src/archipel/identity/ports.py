"""What identity needs of the world."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from archipel.identity.model import (
    Appearance,
    Link,
    Person,
    PersonId,
    SourceKey,
    SourcePatient,
    Standing,
)
from archipel.kernel.actors import Scope

APPEARANCES_KEPT = 100
"""A sender that puts everybody under one identifier fills the identity desk, not the disk."""


class Sightings(Protocol):
    """What noting an appearance needs: also open inside the index writer's transaction."""

    def seen(
        self,
        key: SourceKey,
        appearance: Appearance,
        *,
        study: str,
        fresh: PersonId,
        doubtful: Callable[[tuple[Appearance, ...]], bool],
    ) -> SourcePatient:
        """Note an appearance, in one step with making the source, and person `fresh`, if new.

        `study` names the study that says so, over all organisations: a second one is remembered,
        for the source's standing (`standing.standing_of`), which is kept with it.
        The same traits in the same tenant widen the appearance that is there. When they are new
        and `doubtful` says so of all there are, the source is put before the identity desk and
        `IdentityDoubted` announced. Past `APPEARANCES_KEPT` of one source no more are kept.
        """


class Persons(Sightings, Protocol):
    """Source patients and persons."""

    def settle(self, key: SourceKey, *, scope: Scope) -> None:
        """The desk has looked and vouches for it: no longer doubted, its standing follows.

        Raises `NotFound` (also out of scope).
        """

    def reopen(self, key: SourceKey, *, scope: Scope) -> None:
        """The desk takes that back: before the desk again. Raises `NotFound`."""

    def links(self, person: PersonId, *, scope: Scope) -> Sequence[Link]:
        """Links that stand among the sources of a person, both in scope; oldest first."""

    def standings(self, persons: Collection[str]) -> Mapping[str, Standing]:
        """How far each of these persons is known, over all organisations (ADR 0093)."""

    def doubted(self, *, scope: Scope, limit: int = 100) -> Sequence[SourcePatient]:
        """Sources before the identity desk, with the appearances in scope."""

    def person(self, person: PersonId, *, scope: Scope) -> Person | None:
        """One person as far as `scope` sees; None when nothing of it is in scope."""

    def source(self, key: SourceKey, *, scope: Scope) -> SourcePatient | None:
        """One source as far as `scope` sees."""

    def find(
        self,
        *,
        words: Sequence[str],
        identifiers: Sequence[str],
        birth_date: str,
        scope: Scope,
        limit: int,
    ) -> Sequence[Person]:
        """Persons with one appearance in scope that fits all that is said, seen last first.

        `words` are beginnings of folded words of the name; `identifiers` are whole values.
        """

    def link(self, link: Link, *, scope: Scope) -> Sequence[SourceKey]:
        """Join two sources; returns those whose person is another now. Their studies follow.

        Raises `NotFound` when one is not in scope. Joining what is joined changes nothing.
        """

    def unlink(
        self, one: SourceKey, other: SourceKey, *, by: str, scope: Scope, now: datetime
    ) -> Sequence[SourceKey]:
        """Take a link back, as if it had never been; returns as `link`. Raises `NotFound`."""
