"""What other nodes have, for the web door (`exchange.timeline.Elsewhere`)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from archipel.app.archipelago import links
from archipel.app.peer_keys import name_of
from archipel.app.transfer.progress import due_in_s, rate_of
from archipel.app.wiring import Node
from archipel.archive.model import StudyKey
from archipel.exchange.links import Line
from archipel.exchange.model import Capability, NodeName
from archipel.exchange.ports import Owners, Transfers
from archipel.exchange.timeline import ForeignStudy, Origin, Progress, Reach, key_of
from archipel.exchange.transfer import UNDER_WAY, Transfer
from archipel.kernel.identifiers import PatientIdentifier, TenantId
from archipel.stores.sql.following.timeline import SqlTimeline


@dataclass(frozen=True, slots=True)
class OtherNodes:
    """`exchange.timeline.Elsewhere` over the facts, the link board and the transfers."""

    node: Node

    @property
    def here(self) -> NodeName:
        """See the port."""
        return name_of(self.node.settings)

    @property
    def owners(self) -> Owners:
        """See the port."""
        return self.node.owners

    @property
    def transfers(self) -> Transfers:
        """See the port."""
        return self.node.transfers

    def homes(self) -> Mapping[TenantId, NodeName]:
        """See the port."""
        return self.node.owners.all()

    def studies(self, patients: Collection[PatientIdentifier]) -> Sequence[ForeignStudy]:
        """See the port."""
        keys = {key_of(one) for one in patients if one.value}
        told = SqlTimeline(self.node.database).of(keys)
        return [one for one in told if one.home != self.here]

    def reach(self) -> Sequence[Reach]:
        """See the port."""
        lines, homes, here = links(self.node), self.homes(), self.here
        sharing = {
            agreed.home
            for agreed in self.node.peers.agreements(here)
            if Capability.QUERY in agreed.capabilities
        }
        return [
            _reach(
                one.name,
                lines.get(one.name.value, {}),
                tuple(tenant for tenant, home in homes.items() if home == one.name),
                shares=one.name in sharing,
            )
            for one in self.node.peers.all()
            if one.active
        ]

    def progress(self, transfers: Sequence[Transfer]) -> Sequence[Progress]:
        """See the port."""
        every = self.node.transfers.under_way() if transfers else []
        return [self._progress(one, every) for one in transfers]

    def origin(self, key: StudyKey) -> Origin | None:
        """See the port."""
        for one in self.node.provenance.of(key):
            return Origin(
                node=one.from_node,
                manifest=one.manifest,
                revision=one.revision,
                size_bytes=one.size_bytes,
                at=one.at,
            )
        return None

    def _progress(self, one: Transfer, every: Sequence[Transfer]) -> Progress:
        rate = rate_of(self.node, one.from_node) if one.state in UNDER_WAY else None
        return Progress(
            transfer=one,
            rate_bytes_per_s=rate[0] if rate else None,
            due_in_s=due_in_s(self.node, one, every),
        )


def _reach(
    name: NodeName, line: Mapping[str, object], tenants: tuple[TenantId, ...], *, shares: bool
) -> Reach:
    return Reach(
        node=name,
        tenants=tenants,
        line=Line(line.get("state", Line.UNREACHED.value)),
        since=_moment(line.get("since")),
        heard_at=_moment(line.get("feed_at")),
        shares=shares,
    )


def _moment(told: object) -> datetime | None:
    return datetime.fromisoformat(told) if isinstance(told, str) else None
