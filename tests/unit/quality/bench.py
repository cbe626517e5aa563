"""The storage of one node and the desk that decides upon what it holds."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from blake3 import blake3

from archipel.access.model import AuditEntry
from archipel.archive.model import Receipt, StudyKey
from archipel.archive.quality.bin import Bench, Decision
from archipel.archive.quality.ports import File
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.standards.dicom.header import scan
from archipel.stores.sql.archive.studies import SqlStudies
from archipel.testing.storage_node import TENANT, StorageNode

PERSON = Scope(Actor(ActorKind.PERSON, "tess"), frozenset({TENANT}))
STRANGER = Scope(Actor(ActorKind.PERSON, "tess"), frozenset({TenantId("est")}))


@dataclass
class Trail:
    """An audit that keeps what it is told."""

    entries: list[AuditEntry] = field(default_factory=list)

    def record(self, entries: Iterable[AuditEntry]) -> None:
        self.entries.extend(entries)


@dataclass
class IntoJournal:
    """The journal of a storage node, caught up with at once."""

    node: StorageNode

    def store(self, files: Iterable[File], *, tenant: TenantId, decision: str) -> None:
        slot = self.node.journal.slot()
        for one in files:
            slot.begin(one.head)
            slot.write([one.body])
            slot.commit(
                Receipt(
                    tenant=tenant,
                    patient_issuer="CHO",
                    source="node",
                    peer="",
                    door="worker",
                    association=decision,
                    sop_class=one.sop_class,
                    sop_instance=one.sop_instance,
                    transfer_syntax=one.transfer_syntax,
                    digest=blake3(one.body).digest(),
                    received_at=self.node.now,
                    header=scan(one.body, one.transfer_syntax.value),
                )
            )
        slot.close()
        self.node.catch_up()


def bench_of(node: StorageNode) -> Bench:
    return Bench(studies=SqlStudies(node._full), deposit=IntoJournal(node), audit=Trail())


def decided(study: str, *series: str, why: str = "TEST-Motif") -> Decision:
    return Decision(
        key=StudyKey(TENANT, Uid(study)),
        why=why,
        by="TEST Tess",
        institution="TEST-CH",
        series=frozenset(Uid(uid) for uid in series),
    )
