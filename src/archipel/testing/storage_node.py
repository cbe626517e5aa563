"""The storage of one node with nothing around it: journal, index, packs, in one process."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from blake3 import blake3

from archipel.archive.ingest import Outcome, ingest
from archipel.archive.model import Batch, Held, JournalPlace, Receipt, SeriesKey
from archipel.archive.seal import Sealing, Tidied, seal, tidy
from archipel.archive.verify import Finding, verify
from archipel.kernel.clock import utc_now
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.standards.dicom import header
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from archipel.stores.contents import HeldContents
from archipel.stores.journal.journal import FileJournal, JournalPolicy
from archipel.stores.journal.segments import SegmentFiles
from archipel.stores.journal.tail import JournalTail
from archipel.stores.packs.shelf import Shelf
from archipel.stores.packs.store import PackStore
from archipel.stores.sql.archive.commitments import SqlCommitments
from archipel.stores.sql.archive.query import SqlCatalogue
from archipel.stores.sql.archive.seal import SqlHoldings, SqlSealIndex
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.following.lending import share
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.session import Durability, open_database

TENANT = TenantId("ch-ouest")
START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PREAMBLE = bytes(128) + b"DICM"
_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018


class StorageNode:
    """Everything that keeps, over the folder `home`. The index catches up when it is told to."""

    def __init__(
        self,
        home: Path,
        *,
        policy: JournalPolicy | None = None,
        url: str | None = None,
        shelf: Shelf | None = None,
        host: int | None = None,
    ) -> None:
        """`url` of the database and `shelf` for packs, where they are not in `home`.

        `host` is the home's number where several share them.
        """
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        url = url or f"sqlite:///{home / 'index.db'}"
        self._full = open_database(url)
        migrate(self._full)
        self._replayed = open_database(url, durability=Durability.REPLAYED)
        self.index = SqlIndex(self._replayed, host=host or 0)
        self.seals = SqlSealIndex(self._full, host=host)
        self.catalogue = SqlCatalogue(self._full)
        self.holdings = SqlHoldings(self._full, host=host)
        self.commitments = SqlCommitments(self._full)
        self.journal = FileJournal(home, policy=policy or JournalPolicy(low_water_bytes=0))
        self.segments = SegmentFiles(home)
        self.packs = PackStore(home, shelf=shelf)
        self.contents = HeldContents(home, packs=self.packs)
        self.now = START

    @cached_property
    def tail(self) -> JournalTail:
        """The index writer's side of the journal: for one process alone."""
        return JournalTail(self.home, self.index.applied())

    def replay(self) -> int:
        """Recover; return how many records the index lacked."""
        found = 0
        for batch in self.tail.replay():
            self.take_in([batch])
            self.tail.indexed([batch])
            found += len(batch.records)
        return found

    def receive(
        self,
        content: bytes,
        *,
        syntax: str = EXPLICIT_VR_LITTLE_ENDIAN,
        tenant: TenantId = TENANT,
        issuer: str = "CHO",
    ) -> JournalPlace:
        """Take one data set in, as a door does."""
        found = header.scan(content, syntax)
        receipt = Receipt(
            tenant=tenant,
            patient_issuer=issuer,
            source="CT1",
            peer="192.0.2.7",
            door="dimse",
            association="a-1",
            sop_class=Uid(found[_SOP_CLASS]),
            sop_instance=Uid(found[_SOP_INSTANCE]),
            transfer_syntax=Uid(syntax),
            digest=blake3(content).digest(),
            received_at=self.now,
            header=found,
        )
        slot = self.journal.slot()
        try:
            slot.begin(PREAMBLE)
            slot.write([content])
            return slot.commit(receipt)
        finally:
            slot.close()

    def take_in(self, batches: Sequence[Batch]) -> Outcome:
        """Index batches, in one transaction."""
        with self.index.transaction() as transaction:
            return ingest(batches, index=transaction, now=self.now)

    def catch_up(self) -> Outcome:
        """Index what was announced."""
        batches = self.tail.batches(timeout_s=0)
        outcome = self.take_in(batches)
        self.tail.indexed(batches)
        return outcome

    def later(self, delay: timedelta) -> datetime:
        """Let time pass."""
        self.now += delay
        return self.now

    def seal(self) -> dict[SeriesKey, Sealing]:
        """Seal everything that is open."""
        keys = self.seals.quiet_series(before=self.later(timedelta(minutes=5)), limit=1000)
        return {key: seal(key, index=self.seals, packs=self.packs, now=self.now) for key in keys}

    def share(self, study: Uid, *, tenant: TenantId, to: TenantId) -> None:
        """Let another organisation see a study."""
        share(self._full, study, tenant=tenant, to=to)

    def tidy(self) -> Tidied:
        """Give back what may go, well after every grace."""
        now = utc_now()  # files carry the real time
        first, last = (self._tidied(at) for at in (now, now + timedelta(days=3)))
        return Tidied(
            segments=first.segments + last.segments,
            packs=first.packs + last.packs,
        )

    def _tidied(self, now: datetime) -> Tidied:
        return tidy(index=self.seals, packs=self.packs, segments=self.segments, now=now)

    def held(self, tenant: TenantId = TENANT) -> Sequence[Held]:
        """Return everything one organisation owns."""
        return [one for one in self.holdings.everything() if one.tenant == tenant]

    def findings(self) -> list[Finding]:
        """Check everything."""
        return list(
            verify(
                holdings=self.holdings,
                contents=self.contents,
                packs=self.packs,
                segments=self.segments,
            )
        )

    def close(self) -> None:
        """Let go of files and connections."""
        self.journal.close()
        if "tail" in self.__dict__:
            self.tail.close()
        self._full.close()
        self._replayed.close()
