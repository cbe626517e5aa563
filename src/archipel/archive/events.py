"""Facts the archive announces."""

from dataclasses import dataclass

from archipel.archive.commitment import Asker
from archipel.kernel.aetitle import AETitle
from archipel.kernel.events import Event
from archipel.kernel.uid import Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesReceived(Event):
    """First sight of a series, or new instances in one that was sealed: seal it when quiet."""

    study: Uid
    series: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesStored(Event):
    """Instances of one study were indexed in one batch."""

    study: Uid
    instances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyCompleted(Event):
    """No instance has come for the quiet period."""

    study: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySettled(Event):
    """Somebody decided what an attribute of a study is, or took the decision back."""

    study: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSealed(Event):
    """A pack of this series is published."""

    study: Uid
    series: Uid
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferentBytesRefused(Event):
    """Other bytes came under a known SOP Instance UID: they are in quarantine, an alarm is due."""

    study: Uid
    sop_instance: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentDue(Event):
    """A storage commitment is to be decided and reported, or to be asked for."""

    asker: Asker
    peer: AETitle
    transaction: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesRejected(Event):
    """A note rejects instances of a study: some or all of it is not to be seen any more."""

    study: Uid
    note: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesRestored(Event):
    """A note takes rejections back: what they hid is seen again."""

    study: Uid
    note: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredSentAgain(Event):
    """Instances that retention had given up were sent once more: they are to be kept after all."""

    study: Uid
    instances: tuple[Uid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDisposed(Event):
    """A study's time was over: it is destroyed, by an approved disposal."""

    study: Uid
    disposal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionAsked(Event):
    """A correction of a study is to be done, or to be undone (`archive.quality.correction`)."""

    study: Uid
    correction: str
