"""A writer's signature at the head of its log: one for a batch, not one for each fact."""

from collections.abc import Callable
from datetime import UTC, datetime

from archipel.exchange.errors import NotEnrolled
from archipel.exchange.model import Head, LogName
from archipel.exchange.ports import Signer
from archipel.exchange.trust import certificates


def signed(log: LogName, sequence: int, link: str, *, signer: Signer, now: datetime) -> Head:
    """Sign that `log` up to and with `sequence` ends in the hash `link`."""
    said = _said(log, sequence, link, now)
    return Head(
        log=log,
        sequence=sequence,
        hash=link,
        at=now,
        signature=signer.sign(said),
        certificate=signer.certificate,
    )


def verifier(authority: str, *, revoked: Callable[[str], bool]) -> Callable[[Head], None]:
    """Return a check of heads against one authority.

    `revoked` is told a node's name. What a revoked node signed before stays readable where it is
    held; nothing new of it is taken. The check raises `NotEnrolled`, `Malformed`.
    """

    def check(head: Head) -> None:
        node = certificates.check_issued(head.certificate, authority=authority, at=head.at)
        if node != head.log.node:
            raise NotEnrolled(f"{node} signed for the log {head.log}")
        if revoked(node.value):
            raise NotEnrolled(f"{node} is revoked: nothing of its log is taken any more")
        said = _said(head.log, head.sequence, head.hash, head.at)
        certificates.verify(head.certificate, head.signature, said)

    return check


def _said(log: LogName, sequence: int, link: str, at: datetime) -> bytes:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return f"archipel-head-1\n{log}\n{sequence}\n{link}\n{moment}".encode()
