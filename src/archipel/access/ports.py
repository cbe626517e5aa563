"""What access needs of the world."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from archipel.access.model import AuditEntry, Device, Organisation
from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import TenantId


class Devices(Protocol):
    """Who may knock at the DICOM door."""

    def organisation_called(self, called: AETitle) -> Organisation | None:
        """The organisation that answers to this title."""

    def device(self, calling: AETitle, *, tenant: TenantId) -> Device | None:
        """The registered peer of that organisation, by its title."""

    def knocked(self, calling: AETitle, called: AETitle, *, host: str, now: datetime) -> None:
        """Remember a caller that was refused, for the list to approve."""


class Audit(Protocol):
    """The hash-chained audit."""

    def record(self, entries: Sequence[AuditEntry]) -> None:
        """Append, durably, before returning. Raises `Unavailable`: then nothing may leave."""
