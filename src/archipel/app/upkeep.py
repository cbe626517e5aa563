"""What an operator runs on the whole node: check everything that is kept, rebuild the index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from archipel.app.index_writer import alone
from archipel.app.wiring import Node
from archipel.archive.ingest import ingest
from archipel.archive.model import Batch
from archipel.archive.rebuild import rebuild
from archipel.archive.verify import verify
from archipel.kernel.errors import Conflict
from archipel.stores.contents import HeldContents
from archipel.stores.journal.tail import JournalTail
from archipel.stores.packs.store import PackStore
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.migrations import migrate


@dataclass(frozen=True, slots=True)
class Upkeep:
    """How it went: figures, and one line for each object that is damaged."""

    summary: Mapping[str, int]
    damaged: Sequence[str]


def verify_content(node: Node) -> Upkeep:
    """Re-read and re-hash all that is kept; may run beside the node."""
    checked, size_bytes, damaged = 0, 0, []
    packs = PackStore(node.home.root, shelf=node.shelf(cached=False))  # what lies in the store
    for finding in verify(
        holdings=node.holdings,
        contents=HeldContents(node.home.root, packs=packs, workshop=node.workshop),
        packs=packs,
        segments=node.segments,
    ):
        checked += 1
        size_bytes += finding.size_bytes
        if finding.damage is not None:
            damaged.append(f"{finding.kind} {finding.name} in {finding.where}: {finding.damage}")
    summary = {"checked": checked, "bytes": size_bytes, "damaged": len(damaged)}
    return Upkeep(summary, damaged)


def rebuild_index(node: Node) -> Upkeep:
    """Fill an empty index from packs and journal. Raises `Conflict` when it is not empty.

    Organisations, people and the audit are not in the packs: they come from a backup.
    """
    migrate(node.database)
    if node.totals.totals().studies:
        raise Conflict("the index holds studies already: move index.db away first")
    index = SqlIndex(node.database)
    instances, damaged = 0, []
    with alone(node.home.run):
        tail = JournalTail(node.home.root, {})
        try:
            for one in rebuild(
                packs=node.packs,
                tail=tail,
                index=index,
                seals=node.seal_index,
                take_in=partial(_take_in, index, node),
                now=node.clock(),
            ):
                instances += one.instances
                if one.damage is not None:
                    damaged.append(f"{one.source}: {one.damage}")
        finally:
            tail.close()
    return Upkeep({"instances": instances, "damaged": len(damaged)}, damaged)


def _take_in(index: SqlIndex, node: Node, batches: Sequence[Batch]) -> None:
    with index.transaction() as transaction:
        ingest(batches, index=transaction, now=node.clock())
