"""Studies that have arrived whole from other nodes are taken into the index.

The index writer does it, between two batches, because it alone writes study rows (docs/adr/0030);
a transfer that is WHOLE is its command. All of a study becomes visible in one transaction, with
its provenance, the wanting organisation's share and the fact that says so.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from archipel.archive.adopt import Origin, adopt
from archipel.archive.errors import DamagedContent
from archipel.archive.model import SeriesKey
from archipel.exchange.manifest import StudyManifest
from archipel.exchange.transfer import Happening, Transfer, TransferState
from archipel.kernel.clock import Clock
from archipel.kernel.errors import ArchipelError, Conflict, Malformed
from archipel.stores.packs.store import PackStore, pack_key
from archipel.stores.sql.archive.adoption import adopting
from archipel.stores.sql.provenance import published
from archipel.stores.sql.session import Database
from archipel.stores.sql.transfers import SqlTransfers

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Adopter:
    """Takes in what is whole. `database` is opened FULL: no journal would replay a lost commit."""

    database: Database
    packs: PackStore
    clock: Clock
    transfers: SqlTransfers = field(init=False)

    def __post_init__(self) -> None:
        self.transfers = SqlTransfers(self.database)

    def __call__(self) -> bool:
        """Take in every study that is whole; tell whether there was one."""
        try:
            whole = self.transfers.in_state(TransferState.WHOLE)
        except ArchipelError as away:
            _log.warning("adoption waits: %s", away)
            return False
        return sum(self._one(transfer) for transfer in whole) > 0

    def _one(self, transfer: Transfer) -> bool:
        now = self.clock()
        try:
            self._take_in(transfer, now=now)
        except (Conflict, Malformed, DamagedContent) as wrong:
            _log.error("transfer %s is set aside: %s", transfer.id, wrong)
            self._set_aside(transfer, str(wrong), now=now)
            return False
        except ArchipelError as away:
            _log.warning("transfer %s waits to be taken in: %s", transfer.id, away)
            return False
        return True

    def _take_in(self, transfer: Transfer, *, now: datetime) -> None:
        manifest = self.transfers.manifest(transfer.id)
        if manifest is None:
            raise Malformed("a transfer without its manifest")
        packs = packs_of(manifest)
        origin = Origin(node=transfer.from_node, transfer=transfer.id)
        with adopting(self.database) as transaction:
            adopted = adopt(
                manifest.key, packs, store=self.packs, index=transaction, origin=origin, now=now
            )
            published(transaction.connection, transfer, manifest, packs, now=now)
        for pack in adopted.replaced:
            self.packs.retire(pack, now=now)
        _log.info("transfer %s published: %d instances", transfer.id, adopted.instances)

    def _set_aside(self, transfer: Transfer, why: str, *, now: datetime) -> None:
        try:
            self.transfers.happened(transfer.id, Happening.WRONG_BYTES, now=now, detail=why[:500])
        except ArchipelError as failure:  # withdrawn meanwhile, or the database is away
            _log.warning("transfer %s: %s", transfer.id, failure)


def packs_of(manifest: StudyManifest) -> Sequence[str]:
    """Name the packs of a manifest as they lie here, one for each series."""
    generations = {pack.series: pack.generation for pack in manifest.packs}
    key = manifest.key
    return [
        pack_key(SeriesKey(key.tenant, key.study, series), generation)
        for series, generation in generations.items()
    ]
