"""Links between patient identifiers over nodes: observed and taken back, never silently merged.

Subject ``identity``. Kinds ``patient.linked`` (pair, basis, human), ``patient.unlinked`` (of: the
hash of a link), ``patient.distinct`` (pair, by). A `distinct` beats every link of its pair but
that of a human who knew of it; whoever is joined in spite of one is contested and shown apart.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from archipel.exchange.model import Fact

SUBJECT = "identity"
_PAIR = 2

Pair = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """Who is one person. Identifiers are ``ISSUER|VALUE``; whoever is in neither stands alone."""

    persons: tuple[tuple[str, ...], ...]  # two identifiers or more each
    contested: tuple[tuple[str, ...], ...]  # linked, and said to be distinct: shown unmerged


def fold(facts: Collection[Fact]) -> Identities:
    """Say which identifiers are one person's."""
    undone = {str(fact.body.get("of")) for fact in facts if fact.kind == "patient.unlinked"}
    links = [
        fact
        for fact in facts
        if fact.kind == "patient.linked" and fact.hash not in undone and _pair(fact)
    ]
    apart = {
        _pair(fact)
        for fact in facts
        if fact.kind == "patient.distinct" and _pair(fact) and not _overruled(fact, links)
    }
    persons: list[tuple[str, ...]] = []
    contested: list[tuple[str, ...]] = []
    for group in _components(_pair(link) for link in links if _pair(link) not in apart):
        doubted = any(pair <= group for pair in apart)
        (contested if doubted else persons).append(tuple(sorted(group)))
    return Identities(persons=tuple(sorted(persons)), contested=tuple(sorted(contested)))


def _overruled(distinct: Fact, links: Collection[Fact]) -> bool:
    return any(
        link.body.get("human") is True and _pair(link) == _pair(distinct) and link.knew(distinct)
        for link in links
    )


def _pair(fact: Fact) -> Pair:
    pair = fact.body.get("pair")
    if not isinstance(pair, list) or len(pair) != _PAIR or pair[0] == pair[1]:
        return frozenset()
    return frozenset(str(one) for one in pair)


def _components(pairs: Iterable[Pair]) -> Collection[frozenset[str]]:
    group_of: dict[str, frozenset[str]] = {}
    for pair in pairs:
        joined = frozenset().union(pair, *(group_of.get(one, frozenset()) for one in pair))
        for one in joined:
            group_of[one] = joined
    return set(group_of.values())
