"""The state of every subject and its hash: equal on all nodes that hold the same facts."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from archipel.exchange import chain
from archipel.exchange.fold import identity, objects, policy, requests
from archipel.exchange.model import Fact

_FOLDS: Mapping[str, Callable[[Collection[Fact]], Any]] = {
    "request": requests.fold,
    "report": requests.fold,
    "study": objects.fold,
    "patient": policy.fold,
    identity.SUBJECT: identity.fold,
}


def hashes(facts: Iterable[Fact]) -> Mapping[str, str]:
    """Fold every subject; returns `tenant/subject` to the hash of its state.

    Identity is one subject over all organisations: a person is not an organisation's.
    """
    by_subject: dict[str, list[Fact]] = {}
    for fact in facts:
        tenant = "" if fact.subject == identity.SUBJECT else fact.tenant.value
        by_subject.setdefault(f"{tenant}/{fact.subject}", []).append(fact)
    return {key: of_subject(said) for key, said in sorted(by_subject.items())}


def of_subject(facts: Collection[Fact]) -> str:
    """Return the hash of one subject's state."""
    family = next(iter(facts)).subject.partition(":")[0]
    fold = _FOLDS.get(family)
    state = fold(facts) if fold else sorted(fact.hash for fact in facts)
    return hashlib.sha256(chain.canonical(_plain(state))).hexdigest()


def whole(facts: Iterable[Fact]) -> str:
    """Return one hash over the states of all subjects."""
    return hashlib.sha256(chain.canonical(dict(hashes(facts)))).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Fact):
        return value.hash
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value
