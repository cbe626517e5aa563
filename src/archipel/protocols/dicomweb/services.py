"""What the DICOMweb door needs, handed in by the wiring; it reaches for nothing itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request

from archipel.access.model import Visitor
from archipel.access.ports import Audit
from archipel.archive.ports import Catalogue, Commitments, Contents, Journal
from archipel.imaging.ports import Workshop
from archipel.kernel.clock import Clock
from archipel.kernel.identifiers import Issuer, TenantId
from archipel.orders.steps.ports import Workitems


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what one request may ask for or bring."""

    answers: int = 1_000  # QIDO-RS results in one response
    request_bytes: int = 64 << 30  # a whole STOW-RS request
    parts: int = 20_000  # instances in one STOW-RS request
    described_bytes: int = 256 << 20  # metadata and bulk data of one request, held in memory
    decode_s: float = 20.0  # time granted to decode and render what one request asks
    index_fence_s: float = 0.5  # how long STOW-RS waits for the index before it answers 202


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomwebServices:
    """The ports of this door.

    `visitor` tells who sends a request and raises `NotSignedIn` when nobody is; `issuer_of` is
    the issuer that qualifies the identifiers of what an organisation stores.
    """

    visitor: Callable[[Request], Visitor]
    issuer_of: Callable[[TenantId], Issuer]
    catalogue: Catalogue
    contents: Contents
    journal: Journal
    audit: Audit
    workshop: Workshop
    workitems: Workitems
    commitments: Commitments
    clock: Clock
    limits: Limits = field(default_factory=Limits)
