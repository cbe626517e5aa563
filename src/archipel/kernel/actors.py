"""Who acts, and how far they may see."""

from dataclasses import dataclass
from enum import Enum

from archipel.kernel.identifiers import TenantId


class ActorKind(Enum):
    """What kind of participant acts (IHE ATNA: human requestor, application, node)."""

    PERSON = "person"
    DEVICE = "device"  # a modality or workstation, known by its AE title
    SERVICE = "service"  # a machine client holding a token
    GUEST = "guest"  # somebody a link lets in to one exam; named by the link, never by a name
    NODE = "node"  # this node itself: index writer, sealer, scrub


@dataclass(frozen=True, slots=True)
class Actor:
    """One participant, as the audit names it: a login, an AE title, a token label, a node."""

    kind: ActorKind
    name: str


@dataclass(frozen=True, slots=True)
class Scope:
    """The organisations an actor may see. ``access.policy`` builds it; every query asks it."""

    actor: Actor
    tenants: frozenset[TenantId]

    def sees(self, tenant: TenantId) -> bool:
        """Tell whether something that belongs to `tenant` is within this scope."""
        return tenant in self.tenants
