"""Identifiers that mean nothing without the authority that issued them."""

import re
from dataclasses import dataclass
from typing import NewType

from archipel.kernel.errors import Malformed

CommunityId = NewType("CommunityId", str)  # one region of the network (IHE home community)

_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")


@dataclass(frozen=True, slots=True, order=True)
class TenantId:
    """The key of one organisation, the unit of isolation: lower case, digits, hyphens.

    Raises `Malformed`.
    """

    value: str

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.value):
            raise Malformed(
                f"an organisation key is 1 to 48 of a-z, 0-9 and hyphen: {self.value[:64]!r}"
            )

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, order=True)
class Issuer:
    """Assigning authority of a local identifier: (0010,0021), (0010,0024) or (0008,0051)."""

    namespace: str


@dataclass(frozen=True, slots=True, order=True)
class PatientIdentifier:
    """Patient ID (0010,0020) with its issuer; never compared without it."""

    value: str
    issuer: Issuer


@dataclass(frozen=True, slots=True, order=True)
class AccessionNumber:
    """Accession number (0008,0050) with its issuer; unique only within one."""

    value: str
    issuer: Issuer
