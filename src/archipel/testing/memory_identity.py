"""The port of identity in memory, held to the same contract as SQL."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from archipel.identity.events import IdentityDoubted
from archipel.identity.link import joined_with
from archipel.identity.model import (
    Appearance,
    Link,
    Person,
    PersonId,
    SourceKey,
    SourcePatient,
    Standing,
)
from archipel.identity.ports import APPEARANCES_KEPT
from archipel.identity.standing import standing_of, together
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.standards.dicom.matching import words_of


@dataclass
class _Kept:
    source: SourcePatient
    own: PersonId
    links: set[SourceKey] = field(default_factory=set)
    studies: set[str] = field(default_factory=set)
    vouched: bool = False

    def stand(self) -> SourcePatient:
        """Say how far the source is known now."""
        standing = standing_of(
            self.source.key,
            self.source.appearances,
            again=len(self.studies) > 1,
            doubted=self.source.doubted,
            vouched=self.vouched,
        )
        self.source = replace(self.source, standing=standing)
        return self.source


class MemoryPersons:
    """`identity.ports.Persons`. `announced` is what the outbox would hold."""

    def __init__(self) -> None:
        self.announced: list[IdentityDoubted] = []
        self._kept: dict[SourceKey, _Kept] = {}
        self._links: list[Link] = []

    def seen(
        self,
        key: SourceKey,
        appearance: Appearance,
        *,
        study: str,
        fresh: PersonId,
        doubtful: Callable[[tuple[Appearance, ...]], bool],
    ) -> SourcePatient:
        """Note an appearance."""
        if key not in self._kept:
            source = SourcePatient(
                key=key,
                person=fresh,
                appearances=(),
                doubted=False,
                standing=Standing.PROVISIONAL,
            )
            self._kept[key] = _Kept(source, fresh)
        kept = self._kept[key]
        kept.studies.add(study)
        known = {(one.tenant, one.traits): one for one in kept.source.appearances}
        this = (appearance.tenant, appearance.traits)
        added = this not in known and len(known) < APPEARANCES_KEPT
        if this in known:
            known[this] = replace(
                known[this],
                first_seen=min(known[this].first_seen, appearance.first_seen),
                last_seen=max(known[this].last_seen, appearance.last_seen),
            )
        elif added:
            known[this] = appearance
        appearances = tuple(known.values())
        doubted = kept.source.doubted or (added and doubtful(appearances))
        if doubted and not kept.source.doubted:
            self.announced.append(
                IdentityDoubted(
                    tenant=appearance.tenant, at=appearance.last_seen, person=kept.source.person
                )
            )
        kept.source = replace(kept.source, appearances=appearances, doubted=doubted)
        return kept.stand()

    def settle(self, key: SourceKey, *, scope: Scope) -> None:
        """Take a source off the identity desk."""
        kept = self._visible(key, scope)
        kept.source = replace(kept.source, doubted=False)
        kept.vouched = True
        kept.stand()

    def reopen(self, key: SourceKey, *, scope: Scope) -> None:
        """Put a source before the identity desk again."""
        kept = self._visible(key, scope)
        kept.source = replace(kept.source, doubted=True)
        kept.vouched = False
        kept.stand()

    def links(self, person: PersonId, *, scope: Scope) -> Sequence[Link]:
        """List the links that stand among the sources of a person."""
        seen = {one.key for one in self._all(scope) if one.person == person}
        return [one for one in self._links if {one.one, one.other} <= seen]

    def standings(self, persons: Collection[str]) -> Mapping[str, Standing]:
        """Say how far persons are known."""
        found: dict[str, set[Standing]] = {}
        for kept in self._kept.values():
            if kept.source.person in persons:
                found.setdefault(kept.source.person, set()).add(kept.source.standing)
        return {person: together(every) for person, every in found.items()}

    def doubted(self, *, scope: Scope, limit: int = 100) -> Sequence[SourcePatient]:
        """List sources before the identity desk."""
        return [one for one in self._all(scope) if one.doubted][:limit]

    def person(self, person: PersonId, *, scope: Scope) -> Person | None:
        """Find one person as far as `scope` sees."""
        sources = sorted(
            (one for one in self._all(scope) if one.person == person), key=lambda one: one.key
        )
        return Person(id=person, sources=tuple(sources)) if sources else None

    def source(self, key: SourceKey, *, scope: Scope) -> SourcePatient | None:
        """Find one source as far as `scope` sees."""
        return next((one for one in self._all(scope) if one.key == key), None)

    def find(
        self,
        *,
        words: Sequence[str],
        identifiers: Sequence[str],
        birth_date: str,
        scope: Scope,
        limit: int,
    ) -> Sequence[Person]:
        """Find persons by one appearance in scope that fits all that is said."""
        latest: dict[PersonId, datetime] = {}
        for source in self._all(scope):
            for one in source.appearances:
                named = words_of(one.traits.name)
                if (
                    all(any(word.startswith(begun) for word in named) for begun in words)
                    and all(value == source.key.identifier.value for value in identifiers)
                    and birth_date in {"", one.traits.folded.birth_date}
                ):
                    before = latest.get(source.person, one.last_seen)
                    latest[source.person] = max(before, one.last_seen)
        order = sorted(latest, key=lambda person: (-latest[person].timestamp(), person))
        found = (self.person(person, scope=scope) for person in order[:limit])
        return [one for one in found if one]

    def link(self, link: Link, *, scope: Scope) -> Sequence[SourceKey]:
        """Join two sources."""
        one, other = self._visible(link.one, scope), self._visible(link.other, scope)
        if link.other not in one.links:
            self._links.append(link)
        one.links.add(link.other)
        other.links.add(link.one)
        return self._regroup([link.one])

    def unlink(
        self,
        one: SourceKey,
        other: SourceKey,
        *,
        by: str,  # noqa: ARG002  (the port's; no history is kept here)
        scope: Scope,
        now: datetime,  # noqa: ARG002
    ) -> Sequence[SourceKey]:
        """Take a link back."""
        left, right = self._visible(one, scope), self._visible(other, scope)
        if other not in left.links:
            raise NotFound("these two sources are not linked with each other")
        self._links = [link for link in self._links if {link.one, link.other} != {one, other}]
        left.links.discard(other)
        right.links.discard(one)
        return self._regroup([one, other])

    def _regroup(self, starts: Iterable[SourceKey]) -> list[SourceKey]:
        moved: list[SourceKey] = []
        age = {key: number for number, key in enumerate(self._kept)}
        for start in starts:
            together = joined_with(start, self._neighbours)
            oldest = min(together, key=lambda key: age[key])
            for key in sorted(together, key=lambda key: age[key]):
                kept = self._kept[key]
                if kept.source.person != self._kept[oldest].own:
                    moved.append(key)
                    kept.source = replace(kept.source, person=self._kept[oldest].own)
        return moved

    def _neighbours(self, keys: Iterable[SourceKey]) -> set[SourceKey]:
        return {other for key in keys for other in self._kept[key].links}

    def _all(self, scope: Scope) -> list[SourcePatient]:
        found = []
        for kept in self._kept.values():
            seen = tuple(one for one in kept.source.appearances if scope.sees(one.tenant))
            if seen:
                found.append(replace(kept.source, appearances=seen))
        return found

    def _visible(self, key: SourceKey, scope: Scope) -> _Kept:
        if self.source(key, scope=scope) is None:
            raise NotFound("there is no such source patient within your organisations")
        return self._kept[key]
