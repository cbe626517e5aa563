"""Who may know of a fact: the agreement of its home, and what the patient opposed.

The nodes' own affairs are everybody's. A fact always goes back to its home and to its writer's
node. Everything else needs an agreement of the home for the organisation, with the capability
that the kind of fact asks for; a kind that is not known here goes to nobody.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from archipel.exchange.model import THE_NETWORK, Agreement, Capability, Fact, NodeName
from archipel.kernel.errors import Malformed

NEEDED: Mapping[str, Capability] = MappingProxyType(
    {
        "study": Capability.QUERY,
        "object": Capability.QUERY,
        "patient": Capability.QUERY,
        "policy": Capability.QUERY,
        "transfer": Capability.READ,
        "request": Capability.REQUEST,
        "report": Capability.REPORT,
        "result": Capability.REPORT,
        "node": Capability.FEED,
    }
)
"""What a peer must be granted to know of facts whose kind begins so."""

_NEVER_OPPOSED = frozenset({"policy", "object"})  # a deny and a recall must reach every copy


def family(kind: str) -> str:
    """Return the first word of a kind."""
    return kind.partition(".")[0]


def check_kind(kind: str) -> None:
    """Raise `Malformed` when nobody could ever be told of this kind of fact."""
    if family(kind) not in NEEDED:
        raise Malformed(f"no agreement covers facts {kind}: see exchange.scope.NEEDED")


class View:
    """What one reader may know."""

    def __init__(
        self, reader: NodeName, agreements: Collection[Agreement], opposed: Collection[str]
    ) -> None:
        self._reader, self._opposed = reader, frozenset(opposed)
        self._granted = {
            (agreed.home, agreed.tenant, capability)
            for agreed in agreements
            if agreed.peer == reader
            for capability in agreed.capabilities
        }

    def covers(self, fact: Fact) -> bool:
        """Tell whether the reader may know `fact`."""
        if fact.tenant == THE_NETWORK or self._reader in {fact.home, fact.log.node}:
            return True
        kind = family(fact.kind)
        needed = NEEDED.get(kind)
        if needed is None or (fact.home, fact.tenant, needed) not in self._granted:
            return False
        return kind in _NEVER_OPPOSED or fact.patient not in self._opposed
