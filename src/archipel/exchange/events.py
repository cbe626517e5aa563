"""Facts exchange announces on this node."""

from dataclasses import dataclass

from archipel.kernel.events import Event
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyOffered(Event):
    """A study of ours is whole in packs: other nodes may fetch it under this manifest."""

    study: Uid
    manifest: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferWanted(Event):
    """A study of another node is wanted here. `tenant` is who will see it."""

    transfer: str
    owner: TenantId
    study: Uid
    from_node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPublished(Event):
    """A study of another node is here, whole, and in the lists of `tenant`."""

    transfer: str
    owner: TenantId
    study: Uid
    from_node: str
    manifest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferQuarantined(Event):
    """Wrong bytes came twice, or what came contradicts what is held: an alarm is due."""

    transfer: str
    owner: TenantId
    study: Uid
    from_node: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyWithheld(Event):
    """A study of another node may not be shown any more: recalled, or its patient opposes."""

    study: Uid
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyShownAgain(Event):
    """What withheld a study of another node was lifted."""

    study: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsApplied(Event):
    """Facts of other nodes came in; these subjects of `tenant` are to be folded again."""

    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRestored(Event):
    """Others knew more of this node's log than it did: it was restored, and writes in another."""

    before: str
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogForked(Event):
    """Two facts bear one number of one log: the log is frozen and somebody must look."""

    log: str
    sequence: int
