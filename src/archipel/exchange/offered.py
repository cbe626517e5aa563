"""What a node keeps of the studies it offers: their manifests, and their packs' digests."""

from dataclasses import dataclass

from archipel.archive.model import StudyKey
from archipel.exchange.manifest import PackEntry


@dataclass(frozen=True, slots=True)
class Described:
    """One pack file, read and hashed."""

    entry: PackEntry
    leaves: bytes  # SHA-256 of all its chunks
    written_us: int  # as its head says: a file written again under its name has another


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedPack:
    """One pack file that is offered."""

    key: StudyKey
    pack: str  # where it lies
    described: Described
    current: bool = True  # named by the study's manifest as it is now


@dataclass(frozen=True, slots=True)
class OfferedStudy:
    """One manifest, current or superseded."""

    key: StudyKey
    digest: str
    content: bytes
    current: bool
