"""Storage commitment (PS3.4 Annex J): who takes over the safekeeping of which instances.

A transaction is asked for by one side and decided by the other; the same value describes both, so
that a node keeps what peers asked of it beside what it asked of peers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum

from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid


class Asker(Enum):
    """Who asked for the commitment."""

    PEER = "peer"  # we are the provider: we keep
    US = "us"  # we are the user: the peer keeps
    CLIENT = "client"  # over DICOMweb (PS3.18 chapter 13): we keep, and it comes back to hear


class FailureReason(IntEnum):
    """Why an instance is not committed, (0008,1197) (PS3.3 section C.14.1.1)."""

    PROCESSING_FAILURE = 0x0110
    NO_SUCH_OBJECT_INSTANCE = 0x0112
    CLASS_INSTANCE_CONFLICT = 0x0119
    REFERENCED_SOP_CLASS_NOT_SUPPORTED = 0x0122
    DUPLICATE_TRANSACTION_UID = 0x0131
    RESOURCE_LIMITATION = 0x0213


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """One instance that is spoken of, (0008,1199)."""

    sop_class: Uid
    sop_instance: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentKey:
    """One transaction: its UID is unique to the one who asked (PS3.4 J.3.2.1.1)."""

    tenant: TenantId
    asker: Asker
    peer: AETitle
    transaction: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """What was asked, and how far it is.

    `failed` maps an instance that is not committed to its reason, (0008,1197), as the provider
    said it; it counts once `decided_at` is set. `told_at` is when the other side had taken our
    message: the report where a peer asked, the request where we did.
    """

    key: CommitmentKey
    own: AETitle  # the title of ours that takes part
    references: tuple[Reference, ...]
    asked_at: datetime
    decided_at: datetime | None = None
    told_at: datetime | None = None
    failed: Mapping[Uid, int]

    @property
    def committed(self) -> tuple[Reference, ...]:
        """Return what is committed, of a transaction that is decided."""
        return tuple(one for one in self.references if one.sop_instance not in self.failed)
