"""Where studies lie while they arrive: `home`/spool/<transfer>/<root>.part, one process at a time.

A file gets its place among the packs by a link beside its spool name, so that doing it again
after a crash finds everything where it was.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from archipel.archive.model import SeriesKey
from archipel.exchange.manifest import DIGEST_BYTES, PackEntry, StudyManifest
from archipel.kernel.errors import Conflict, Malformed, Unavailable
from archipel.kernel.uid import Uid
from archipel.stores.packs.files import FileRanges, PackFiles, pack_key
from archipel.stores.packs.part_file import DiskPartFile, refused
from archipel.stores.packs.reader import PartReader
from archipel.stores.packs.shelf import Shelf

_TRANSFER = re.compile(r"[0-9a-f]{32}")


class DiskSpool:
    """`exchange.ports.Spool` of a node. Raises `Conflict` when another process has it."""

    def __init__(
        self,
        home: Path,
        *,
        shelf: Shelf | None = None,
        adopted: Callable[[str], tuple[str, int] | None] | None = None,
    ) -> None:
        """`shelf` takes what has arrived; `home`/packs where none is given.

        `adopted` gives key and part of a pack that came under that root before.
        """
        self._root = home / "spool"
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._packs: Shelf = shelf or PackFiles(home / "packs")
        self._adopted = adopted or (lambda _root: None)
        self._open: dict[tuple[str, str], DiskPartFile] = {}
        self._lock = os.open(self._root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise Conflict(
                f"another process fetches into {self._root}: stop the other `archipel serve`"
            ) from None

    def close(self) -> None:
        """Let everything go."""
        for part in self._open.values():
            part.close()
        self._open.clear()
        os.close(self._lock)

    def free_bytes(self) -> int:
        """Return how much room there is. Raises `Unavailable`."""
        try:
            return shutil.disk_usage(self._root).free
        except OSError as error:
            raise refused(error) from error

    def open(self, transfer: str, pack: PackEntry) -> DiskPartFile:
        """Open a part file, new or as it was left. Raises `Exhausted`, `Unavailable`."""
        known = self._open.get((transfer, pack.root))
        if known is not None:
            return known
        folder = self._folder(transfer)
        path = folder / f"{pack.root}.part"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            if not path.exists():
                self._copy_of_before(pack, path)
        except OSError as error:
            raise refused(error) from error
        opened = DiskPartFile(folder, pack, self._donor(transfer))
        self._open[transfer, pack.root] = opened
        return opened

    def adopt(self, transfer: str, manifest: StudyManifest) -> Sequence[str]:
        """Check every pack against the manifest and itself, and give it its name, durably.

        Returns the packs' keys. May be repeated. Raises `Malformed` or `DamagedContent` when a
        pack is not what the manifest says, `Exhausted`, `Unavailable`.
        """
        keys: list[str] = []
        by_series: dict[Uid, list[PackEntry]] = {}
        for pack in manifest.packs:
            by_series.setdefault(pack.series, []).append(pack)
        for series, packs in by_series.items():
            key = SeriesKey(manifest.key.tenant, manifest.key.study, series)
            keys.append(self._adopt_series(transfer, key, packs))
        return keys

    def forget(self, transfer: str) -> None:
        """Erase what a transfer has left."""
        self.release(transfer)
        shutil.rmtree(self._folder(transfer), ignore_errors=True)

    def release(self, transfer: str) -> None:
        """Close a transfer's files; what has come stays where it is."""
        for opened in [one for one in list(self._open) if one[0] == transfer]:
            self._open.pop(opened).close()

    def transfers(self) -> Sequence[str]:
        """Return the transfers that have left something."""
        return [path.name for path in self._root.iterdir() if _TRANSFER.fullmatch(path.name)]

    def _adopt_series(self, transfer: str, key: SeriesKey, packs: Sequence[PackEntry]) -> str:
        ordered = sorted(packs, key=lambda pack: pack.part)
        generation = ordered[0].generation
        name = pack_key(key, generation)
        first_entry = 0
        for number, pack in enumerate(ordered):
            part = self.open(transfer, pack)
            if len(part.have) != pack.chunks:
                raise Unavailable(f"pack {pack.root[:12]} is not whole yet")
            reader = PartReader(FileRanges(part.path, f"{pack.root[:12]} of transfer {transfer}"))
            directory = reader.directory
            said = (directory.tenant, directory.study, directory.series)
            last = number == len(ordered) - 1
            if (
                said != (key.tenant.value, key.study.value, key.series.value)
                or (directory.generation, pack.generation) != (generation, generation)
                or (directory.part, pack.part) != (number, number)
                or directory.parts != (len(ordered) if last else 0)
                or directory.first_entry != first_entry
            ):
                raise Malformed(f"pack {pack.root[:12]} is not the one that the manifest names")
            first_entry += len(directory.entries)
            check_against(reader, key)
            part.sync()
        for pack in reversed(ordered):
            self._give_name(self.open(transfer, pack).path, name, pack.part)
        return name

    def _give_name(self, path: Path, name: str, part: int) -> None:
        fresh = self._packs.fresh()
        try:
            os.link(path, fresh)
            os.utime(fresh)  # the grace of a pack that nothing points to yet counts from now
            self._packs.publish(fresh, name, part)
        except OSError as error:
            raise refused(error) from error
        finally:
            fresh.unlink(missing_ok=True)

    def _copy_of_before(self, pack: PackEntry, path: Path) -> None:
        """Take over a pack that came with an earlier revision; its chunks are checked anyway."""
        before = self._adopted(pack.root)
        if before is None:
            return
        key, part = before
        try:
            source = self._packs.open(key, part)
        except Unavailable:
            return  # replaced since: it is fetched again
        with path.open("wb") as copy:
            for offset in range(0, source.size_bytes, 1 << 20):
                copy.write(source.read(offset, 1 << 20))

    def _donor(self, transfer: str) -> Callable[[bytes], bytes | None]:
        """Look for chunks in what the transfer has fetched of packs, also of superseded ones."""
        index: dict[bytes, tuple[DiskPartFile, int]] = {}
        for (mine, _root), part in list(self._open.items()):
            if mine == transfer:
                index |= {leaf: (part, chunk) for leaf, chunk in part.chunks()}

        def give(leaf: bytes) -> bytes | None:
            found = index.get(leaf)
            return found[0].read(found[1]) if found else None

        return give if index else (lambda _leaf: None)

    def _folder(self, transfer: str) -> Path:
        if not _TRANSFER.fullmatch(transfer):  # ours, made by `want`; a row could say anything
            raise Unavailable(f"not a transfer's id: {transfer[:40]!r}")
        return self._root / transfer


def check_against(reader: PartReader, key: SeriesKey) -> None:
    """Rebuild every instance and hold it against its digest; hold its receipt against the key.

    Raises `DamagedContent`, `Malformed`.
    """
    receipts = reader.receipts()
    entries = reader.directory.entries
    if len(receipts) != len(entries) or not entries:
        raise Malformed("a pack whose receipts are not those of its instances")
    for entry, receipt in zip(entries, receipts, strict=True):
        if (
            receipt.tenant != key.tenant
            or receipt.sop_instance != Uid(entry.sop_instance)
            or receipt.digest != entry.digest
            or len(entry.digest) != DIGEST_BYTES
        ):
            raise Malformed("a pack whose receipts are not those of its instances")
        for _piece in reader.pieces(entry):
            pass
