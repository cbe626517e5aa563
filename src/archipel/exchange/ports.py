"""What exchange needs of the world. ``stores``, ``protocols`` and ``testing`` provide it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from archipel.archive.model import StudyKey
from archipel.exchange.manifest import PackEntry, StudyManifest
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import Happening, Lease, Transfer
from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid


class Offers(Protocol):
    """What this node offers to others: manifests of its own studies, and the bytes they name."""

    def offer(self, key: StudyKey, *, home: str, now: datetime) -> StudyManifest | None:
        """Describe a study that is complete and sealed, and announce it; None when it is not.

        Repeating it changes nothing while the study has not changed. A study that came from
        another node is not ours to offer. Raises `Unavailable`, `Malformed` (too many series).
        """

    def manifest(self, key: StudyKey) -> tuple[str, bytes] | None:
        """Give digest and content of the study's manifest as it is now."""

    def by_digest(self, digest: str) -> tuple[StudyKey, bytes, bool] | None:
        """Give study, content and whether it still holds, of a manifest."""


class Transfers(Protocol):
    """The studies that are wanted here, and where each stands. Writes are fully durable."""

    def want(self, transfer: Transfer, *, now: datetime) -> Transfer:
        """Add one; one under way for the same study and organisation is given back instead.

        The more urgent class of the two then holds.
        """

    def get(self, transfer: str, *, scope: Scope) -> Transfer:
        """Return one. Raises `NotFound`, also outside the scope."""

    def visible(self, *, scope: Scope, limit: int = 200) -> Sequence[Transfer]:
        """Return those that the organisations in scope want, latest change first."""

    def under_way(self) -> Sequence[Transfer]:
        """Return every transfer that is not ended, oldest first."""

    def lease(self, transfer: str, *, holder: str, now: datetime) -> Lease:
        """Take or renew. Raises `Conflict` while somebody else holds it, `NotFound`."""

    def happened(
        self, transfer: str, happening: Happening, *, now: datetime, detail: str = ""
    ) -> Transfer:
        """Move one to its next state. Raises `Conflict`, `NotFound`."""

    def planned(self, transfer: str, *, manifest: str, size_bytes: int, now: datetime) -> Transfer:
        """Note the manifest that is fetched from now on."""

    def progress(self, transfer: str, *, done_bytes: int, low_whole: bool, now: datetime) -> None:
        """Note how much is here."""

    def reclass(
        self, transfer: str, of_class: TransferClass, *, scope: Scope, now: datetime
    ) -> Transfer:
        """Give another class. Raises `NotFound`."""

    def ask_first(self, transfer: str, series: Collection[Uid], *, scope: Scope) -> None:
        """Say which series a reader waits for."""

    def remember_window(self, node: str, *, rate_bytes_per_s: float, rtt_s: float) -> None:
        """Keep what was measured of the link from a node."""

    def window(self, node: str) -> tuple[float, float] | None:
        """Return what was kept of a link: rate and answer time."""


class PartFile(Protocol):
    """One pack file while it arrives. Chunks may come in any order."""

    @property
    def have(self) -> Collection[int]:
        """The chunks that are here and have their digest."""

    def list_of(self, segment: int) -> bytes | None:
        """Return the digests of a segment's chunks, when they are here."""

    def keep_spine(self, content: bytes) -> None:
        """Keep the digests of the segments. Raises `Malformed`, `Exhausted`."""

    def keep_list(self, segment: int, content: bytes) -> None:
        """Keep the digests of a segment's chunks; chunks found here are checked now."""

    def write(self, chunk: int, content: bytes) -> bool:
        """Keep one chunk; False, and nothing kept, when it has another digest.

        Raises `Exhausted` when there is no room.
        """


class Spool(Protocol):
    """Where studies lie while they arrive. One process at a time: see `stores.packs.spool`."""

    def free_bytes(self) -> int:
        """Return how much room there is."""

    def open(self, transfer: str, pack: PackEntry) -> PartFile:
        """Open a part file, new or as it was left; what it holds is hashed again."""

    def adopt(self, transfer: str, manifest: StudyManifest) -> Sequence[str]:
        """Check every pack against the manifest and itself, and give it its name, durably.

        Returns the packs' keys. May be repeated. Raises `Malformed`, `DamagedContent`,
        `Exhausted`, `Unavailable`.
        """

    def forget(self, transfer: str) -> None:
        """Erase what a transfer has left."""

    def path(self, transfer: str, pack: PackEntry) -> Path:
        """Return where a part file lies."""


class Owners(Protocol):
    """Which organisations this node is home of."""

    def local(self, tenant: TenantId) -> bool:
        """Tell whether this node is the home of `tenant`."""
