"""Failures only the archive knows."""

from archipel.kernel.errors import Exhausted, Malformed, Refused, Unavailable
from archipel.kernel.uid import Uid


class MisplacedInstance(Malformed):
    """The data set does not say where it belongs: a study, series or instance UID is wrong."""


class RejectedBefore(Refused):
    """The instance was rejected for good: it is not taken once more."""

    def __init__(self, sop_instance: Uid) -> None:
        super().__init__(
            f"instance {sop_instance} was rejected here: restore it in the bin, or send a new one"
        )


class IndexBehind(Exhausted):
    """The index writer is too far behind, or gone: nothing more is taken until it follows."""


class IndexWentBack(Unavailable):
    """The database lost transactions that were committed: what it lacks must be replayed."""


class ReadOnly(Exhausted):
    """The node takes nothing in until its disk is well again; it says so on the node page."""


class DamagedContent(Malformed):
    """Bytes that were kept do not have their digest any more."""

    def __init__(self, sop_instance: Uid, where: str) -> None:
        super().__init__(f"instance {sop_instance} at {where} does not match its digest")
        self.sop_instance = sop_instance
