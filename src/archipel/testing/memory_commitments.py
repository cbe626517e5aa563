"""`archive.ports.Commitments` in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from archipel.archive.commitment import Asker, Commitment, CommitmentKey
from archipel.kernel.actors import Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid


@dataclass(slots=True)
class MemoryCommitments:
    """Transactions by key; nobody hears of them."""

    kept: dict[CommitmentKey, Commitment] = field(default_factory=dict)
    in_doubt: set[tuple[TenantId, Uid]] = field(default_factory=set)

    def ask(self, commitment: Commitment) -> None:
        """Keep a transaction."""
        held = self.kept.get(commitment.key)
        if held is not None and set(held.references) != set(commitment.references):
            raise Conflict(f"transaction {commitment.key.transaction} was used before")
        self.kept[commitment.key] = commitment

    def commitment(self, key: CommitmentKey) -> Commitment | None:
        """Find one."""
        return self.kept.get(key)

    def decide(self, key: CommitmentKey, failed: Mapping[Uid, int], *, now: datetime) -> None:
        """Keep what was decided."""
        self._change(key, failed=dict(failed), decided_at=now)

    def tell(self, key: CommitmentKey, *, now: datetime) -> None:
        """Remember that it was told."""
        self._change(key, told_at=now)

    def untold(self, peer: AETitle, *, tenant: TenantId) -> Sequence[Commitment]:
        """List what is decided and not told."""
        return [
            one
            for key, one in self.kept.items()
            if (key.peer, key.tenant, key.asker) == (peer, tenant, Asker.PEER)
            and one.decided_at is not None
            and one.told_at is None
        ]

    def doubtful(self, instances: Collection[Uid], *, tenant: TenantId) -> Collection[Uid]:
        """List those that other bytes were offered for."""
        return {uid for uid in instances if (tenant, uid) in self.in_doubt}

    def latest(self, *, scope: Scope, limit: int = 100) -> Sequence[Commitment]:
        """List the newest."""
        seen = [one for key, one in self.kept.items() if scope.sees(key.tenant)]
        return sorted(seen, key=lambda one: one.asked_at, reverse=True)[:limit]

    def _change(self, key: CommitmentKey, **values: object) -> None:
        if key not in self.kept:
            raise NotFound(f"no storage commitment {key.transaction}")
        self.kept[key] = replace(self.kept[key], **values)  # type: ignore[arg-type]  # by name
