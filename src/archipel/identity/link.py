"""Several source patients are one person: said by people of the identity desk, taken back alike.

The person of linked sources is that of the oldest among them, so who was linked first does not
count, and taking a link back gives every source the person it had.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from archipel.access.model import Permission, Visitor
from archipel.access.ports import Audit
from archipel.identity.model import Link, SourceKey
from archipel.identity.ports import Persons
from archipel.identity.trail import say
from archipel.kernel.errors import Malformed

Source = TypeVar("Source")

_BASIS_LENGTH = 500


def link(
    one: SourceKey,
    other: SourceKey,
    *,
    basis: str,
    visitor: Visitor,
    persons: Persons,
    audit: Audit,
    now: datetime,
) -> Sequence[SourceKey]:
    """Join two sources for a reason; returns those whose person is another now.

    Raises `Refused`, `NotFound` (out of scope), `Malformed` (no reason).
    """
    visitor.require(Permission.RESOLVE_IDENTITY)
    if one == other or not basis.strip() or len(basis) > _BASIS_LENGTH:
        raise Malformed(
            f"a link joins two sources for a reason of 1 to {_BASIS_LENGTH} characters"
        )
    say("sources linked", visitor=visitor, audit=audit, now=now)
    joined = Link(one=one, other=other, by=visitor.person.login, basis=basis, at=now)
    return persons.link(joined, scope=visitor.scope)


def unlink(
    one: SourceKey,
    other: SourceKey,
    *,
    visitor: Visitor,
    persons: Persons,
    audit: Audit,
    now: datetime,
) -> Sequence[SourceKey]:
    """Take a link back. Raises `Refused`, `NotFound`."""
    visitor.require(Permission.RESOLVE_IDENTITY)
    say("sources unlinked", visitor=visitor, audit=audit, now=now)
    return persons.unlink(one, other, by=visitor.person.login, scope=visitor.scope, now=now)


def joined_with(
    start: Source, neighbours: Callable[[Iterable[Source]], Iterable[Source]]
) -> set[Source]:
    """Collect all that is linked with `start`, however far; `neighbours` gives one step."""
    found, fresh = {start}, {start}
    while fresh:
        fresh = set(neighbours(fresh)) - found
        found |= fresh
    return found
