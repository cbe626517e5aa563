"""What exchange needs of the world. ``stores``, ``protocols`` and ``testing`` provide it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from archipel.access.model import AuditEntry
from archipel.archive.model import SeriesKey, StudyKey
from archipel.exchange.manifest import PackEntry, StudyManifest
from archipel.exchange.model import (
    Agreement,
    Batch,
    Cursor,
    Fact,
    Head,
    Invitation,
    NodeName,
    Peer,
    Taken,
)
from archipel.exchange.offered import Described, OfferedPack, OfferedStudy
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import Happening, Lease, Transfer
from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid


class Offers(Protocol):
    """What this node offers to others: manifests of its own studies, digests of their packs."""

    def sealed(self, key: StudyKey) -> Mapping[SeriesKey, str] | None:
        """Give the packs of a study that is ours, complete and sealed; None when it is not."""

    def described(self, pack: str, *, tenant: TenantId) -> Sequence[OfferedPack]:
        """Give what is known of the files of a pack, by part."""

    def pack(self, root: str) -> OfferedPack | None:
        """Give one file by its root."""

    def manifest(self, key: StudyKey) -> OfferedStudy | None:
        """Give the manifest of a study as it is now."""

    def by_digest(self, digest: str) -> OfferedStudy | None:
        """Give a manifest, also one that is superseded."""

    def offer(
        self, manifest: StudyManifest, packs: Sequence[OfferedPack], *, now: datetime
    ) -> None:
        """Put a manifest in the place of the one before, and announce it."""


class TravellingPacks(Protocol):
    """Pack files as they travel."""

    def describe(self, pack: str) -> Sequence[Described]:
        """Read and hash every file of a pack, by part. Raises `Malformed`, `Unavailable`."""

    def written_us(self, pack: str) -> int:
        """Return when a pack was begun, as its first file says. Raises as `describe`."""


class Transfers(Protocol):
    """The studies that are wanted here, and where each stands. Writes are fully durable."""

    def want(self, wanted: Transfer, *, now: datetime) -> Transfer:
        """Add one; one under way for the same study and organisation is given back instead.

        The more urgent class of the two then holds. One that was called off less than
        `transfer.KEPT` ago is taken up again under this wish, with what came of it.
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

    def manifest(self, transfer: str) -> StudyManifest | None:
        """Return the manifest that is fetched; None before it came."""

    def planned(
        self, transfer: str, manifest: StudyManifest, *, done_bytes: int, now: datetime
    ) -> Transfer:
        """Note the manifest that is fetched from now on."""

    def progress(self, transfer: str, *, done_bytes: int, low_whole: bool, now: datetime) -> None:
        """Note how much is here."""

    def reclass(
        self, transfer: str, of_class: TransferClass, *, scope: Scope, now: datetime
    ) -> Transfer:
        """Give another class. Raises `NotFound`."""

    def withdraw(
        self, transfer: str, *, scope: Scope, now: datetime, detail: str = ""
    ) -> Transfer:
        """Cancel one. Raises `NotFound`, `Conflict` when it is published."""

    def retry(self, transfer: str, *, scope: Scope, now: datetime) -> Transfer:
        """Fetch again what was quarantined or called off. Raises `NotFound`, `Conflict`.

        `Refused` when it was recalled, or the patient opposes sharing.
        """

    def resumable(self, since: datetime) -> Collection[str]:
        """Name what was called off or set aside since then and may be fetched again."""

    def ask_first(self, transfer: str, series: Collection[Uid], *, scope: Scope) -> None:
        """Say which series a reader waits for."""

    def remember_window(
        self, node: str, *, rate_bytes_per_s: float, rtt_s: float, now: datetime
    ) -> None:
        """Keep what was measured of the link from a node."""

    def window(self, node: str) -> tuple[float, float] | None:
        """Return what was kept of a link: rate and answer time."""


class PartFile(Protocol):
    """One pack file while it arrives. Chunks may come in any order."""

    @property
    def have(self) -> Collection[int]:
        """The chunks that are here and have their digest."""

    @property
    def done_bytes(self) -> int:
        """How many bytes of it are here."""

    def knows_spine(self) -> bool:
        """Tell whether the digests of the segments are here."""

    def knows(self, segment: int) -> bool:
        """Tell whether the digests of a segment's chunks are here."""

    def keep_spine(self, content: bytes) -> None:
        """Keep the digests of the segments. Raises `Malformed`, `Exhausted`."""

    def keep_list(self, segment: int, content: bytes) -> None:
        """Keep the digests of a segment's chunks; chunks that are here are taken. Raises same."""

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

    def release(self, transfer: str) -> None:
        """Close a transfer's files; what has come stays."""

    def transfers(self) -> Sequence[str]:
        """Return the transfers that have left something."""


class Owners(Protocol):
    """Which node is the home of which organisation."""

    def local(self, tenant: TenantId) -> bool:
        """Tell whether this node is the home of `tenant`."""

    def home(self, tenant: TenantId) -> NodeName | None:
        """Give the home of `tenant` as the keeper of the authority stated it; None: nobody."""


class Signer(Protocol):
    """This node's key."""

    @property
    def certificate(self) -> str:
        """The node's certificate, PEM."""

    def sign(self, content: bytes) -> bytes:
        """The signature of `content` by this node."""


class HeadVerifier(Protocol):
    """Says whether a head was signed by the node whose log it is."""

    def __call__(self, head: Head, /) -> None:
        """Raises `Refused` or `Malformed` when it was not."""


class FactLog(Protocol):
    """The facts this node holds, its own and others'."""

    def cursor(self, *, refill: bool = False) -> Cursor:
        """What is needed next of each log; `refill`: from the first stub on."""

    def after(self, cursor: Cursor, *, reader: NodeName, limit: int, signer: Signer) -> Batch:
        """What `reader` lacks and may know, causes first; what it may not know as stubs."""

    def take(self, batch: Batch, *, verify: HeadVerifier, now: datetime) -> Taken:
        """Take a batch in: all that is proven and caused, in one transaction."""

    def of(self, subject: str, *, tenant: TenantId) -> Sequence[Fact]:
        """The facts on one subject, in the common order."""

    def position(self) -> int:
        """A number that grows with every link held: what a long poll waits for."""


class Peers(Protocol):
    """The other nodes, and what was agreed with each."""

    def all(self) -> Sequence[Peer]:
        """Every peer, by name."""

    def peer(self, name: NodeName) -> Peer | None:
        """One peer."""

    def agreements(self, name: NodeName | None = None) -> Sequence[Agreement]:
        """What a peer, or every peer, may know and do, by home and organisation."""

    def invite(self, invitation: Invitation) -> None:
        """Keep a one-time token."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """A token that was not used."""

    def let_in(
        self,
        invitation: Invitation,
        joined: Peer,
        organisations: Collection[TenantId],
        entry: AuditEntry,
        *,
        now: datetime,
    ) -> None:
        """Use a token up, keep the node and what it is the home of, tell the others.

        Raises `TokenRefused` when the token was used, or does not cover an organisation.
        """

    def renew(self, name: NodeName, certificate: str, entry: AuditEntry) -> None:
        """Keep a peer's newer certificate."""

    def moved(self, name: NodeName, address: str) -> None:
        """Keep where a peer is reached now, as it says itself."""
