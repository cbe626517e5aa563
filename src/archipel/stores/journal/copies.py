"""Second copies in the journal, found by the receipts of its records."""

from collections.abc import Collection, Mapping
from pathlib import Path

from archipel.archive.model import JournalPlace
from archipel.kernel.errors import ArchipelError
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.journal.segments import SegmentFiles


class JournalCopies:
    """`archive.keeping.ports.Copies` over `home`/journal."""

    def __init__(self, home: Path) -> None:
        self._segments = SegmentFiles(home)

    def find(
        self, tenant: TenantId, wanted: Mapping[Uid, bytes], *, besides: Collection[JournalPlace]
    ) -> Mapping[Uid, JournalPlace]:
        """Look through every segment, newest first; what is given was read and has its digest."""
        found: dict[Uid, JournalPlace] = {}
        for number in reversed(self._segments.numbers()):
            if len(found) == len(wanted):
                break
            try:
                for record in self._segments.records(number, verify=False):
                    receipt, place = record.receipt, JournalPlace(number, record.offset)
                    uid = receipt.sop_instance
                    if (
                        receipt.tenant == tenant
                        and uid not in found
                        and wanted.get(uid) == receipt.digest
                        and place not in besides
                        and self._whole(place)
                    ):
                        found[uid] = place
            except ArchipelError:  # reclaimed meanwhile, or damaged itself
                continue
        return found

    def _whole(self, place: JournalPlace) -> bool:
        try:
            self._segments.check(place)
        except ArchipelError:
            return False
        return True
