"""Which node is the home of which organisation, and what another node may state of it.

The keeper of the authority states it, when a node is let in or later (fact ``node.homed``). An
organisation has one home; only there its studies, recalls and its patients' words are stated, its
requests placed and confirmed. Other nodes may claim and sign. What is stated by somebody else
stays in its log and counts for nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from archipel.exchange.model import THE_NETWORK, Fact, NodeName
from archipel.exchange.scope import family
from archipel.kernel.identifiers import TenantId

HOMED = "node.homed"

_ANYBODY = frozenset({"request", "report", "transfer"})
_HOME_ALONE = frozenset(
    {"request.placed", "request.confirmed", "request.cancelled", "request.withdrawn"}
)
_NAMES_ITS_HOME = "request:"


class Objection(StrEnum):
    """Why a fact counts for nothing."""

    UNKNOWN = "unknown"  # nobody with authority has said where its organisation is at home
    FOREIGN = "foreign"  # another node's word on what is not its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Objected:
    """Facts of one node on one organisation that count for nothing."""

    node: NodeName
    tenant: TenantId
    why: Objection
    facts: int
    since: datetime


def objection(fact: Fact, home: NodeName | None, *, here: NodeName) -> Objection | None:
    """Say why `fact` counts for nothing; None when it counts.

    `home` is where its organisation is at home, None when nobody has said so: then what this
    node (`here`) wrote itself counts, here.
    """
    if fact.tenant == THE_NETWORK:
        return None  # `peers.project` knows who may state what of the nodes
    if home is None:
        return None if fact.log.node == fact.home == here else Objection.UNKNOWN
    if fact.home != home or not _subject_of(fact, home):
        return Objection.FOREIGN
    if fact.log.node != home and not _anybody(fact.kind):
        return Objection.FOREIGN
    return None


def _subject_of(fact: Fact, home: NodeName) -> bool:
    """Tell whether the home that a subject names, if it names one, is `home`."""
    if not fact.subject.startswith(_NAMES_ITS_HOME):
        return True
    return fact.subject.startswith(f"{_NAMES_ITS_HOME}{home}:")


def _anybody(kind: str) -> bool:
    return family(kind) in _ANYBODY and kind not in _HOME_ALONE
