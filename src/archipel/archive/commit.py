"""Answering for the safekeeping of instances (PS3.4 section J.3): every byte is read again first.

A peer that is told "committed" may delete its own copy, perhaps the only other one. So an
instance is committed when its data set, read from where it lies now, has the digest it was
received with, and when nobody offered other bytes under its UID that are still undecided upon.
"""

from collections.abc import Iterable
from datetime import timedelta

from blake3 import blake3

from archipel.archive.commitment import FailureReason, Reference
from archipel.archive.errors import DamagedContent
from archipel.archive.model import Held
from archipel.archive.ports import Commitments, Contents, Holdings
from archipel.kernel.errors import ArchipelError
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid

SETTLING = timedelta(seconds=5)
"""How long what is not found yet may still be on its way into the index."""


def decide(
    references: Iterable[Reference],
    *,
    tenant: TenantId,
    holdings: Holdings,
    contents: Contents,
    commitments: Commitments,
) -> dict[Uid, FailureReason]:
    """Return why instances cannot be committed, by SOP Instance UID; what is absent is committed.

    Raises `Unavailable` when the index does not answer: then nothing is decided.
    """
    asked = list(references)
    doubtful = commitments.doubtful([one.sop_instance for one in asked], tenant=tenant)
    failed: dict[Uid, FailureReason] = {}
    for one in asked:
        if one.sop_instance in doubtful:
            failed[one.sop_instance] = FailureReason.PROCESSING_FAILURE
        elif reason := _why_not(one, tenant, holdings, contents):
            failed[one.sop_instance] = reason
    return failed


def _why_not(
    wanted: Reference, tenant: TenantId, holdings: Holdings, contents: Contents
) -> FailureReason | None:
    held = holdings.held(tenant, wanted.sop_instance)
    if held is None:
        return FailureReason.NO_SUCH_OBJECT_INSTANCE
    if held.sop_class != wanted.sop_class:
        return FailureReason.CLASS_INSTANCE_CONFLICT
    try:
        _read_again(held, contents)
    except ArchipelError:
        now = holdings.held(tenant, wanted.sop_instance)
        if now is None or now.place == held.place:
            return FailureReason.PROCESSING_FAILURE
        try:  # it was sealed meanwhile
            _read_again(now, contents)
        except ArchipelError:
            return FailureReason.PROCESSING_FAILURE
    return None


def _read_again(held: Held, contents: Contents) -> None:
    """Read a data set and hash it. Raises `DamagedContent` or what reading raises."""
    digest = blake3()
    for piece in contents.pieces(held):
        digest.update(piece)
    if digest.digest() != held.digest:
        raise DamagedContent(held.key.sop_instance, "a commitment read it again")
