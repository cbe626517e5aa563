"""Failures only workitems know; each has the DIMSE status that PS3.4 Annex CC gives it.

`warning` is what PS3.18 chapter 11 has an HTTP answer say.
"""

from typing import ClassVar

from archipel.kernel.errors import Conflict, Malformed, NotFound
from archipel.kernel.uid import Uid

_INCONSISTENT = "The submitted request is inconsistent with the current state of the UPS Instance."


class NoSuchWorkitem(NotFound):
    """C307: it is not known here."""

    code: ClassVar[int] = 0xC307

    def __init__(self) -> None:
        super().__init__("no such workitem")


class WorkitemKnown(Conflict):
    """0111: a step of this UID exists already."""

    code: ClassVar[int] = 0x0111

    def __init__(self, uid: Uid) -> None:
        super().__init__(f"workitem {uid} exists already")


class MustBeScheduled(Malformed):
    """C309: a step begins as SCHEDULED."""

    code: ClassVar[int] = 0xC309

    def __init__(self) -> None:
        super().__init__("(0074,1000) of a new workitem is SCHEDULED")


class Unfit(Malformed):
    """0106 or 0120: the data set is not as PS3.4 table CC.2.5-3 wants it."""

    code: ClassVar[int] = 0x0106


class MayNoLongerBeUpdated(Malformed):
    """C300: it has ended, and its content stays."""

    code: ClassVar[int] = 0xC300
    warning: ClassVar[str] = _INCONSISTENT


class HasEnded(Conflict):
    """C300: it has ended otherwise than is asked for."""

    code: ClassVar[int] = 0xC300
    warning: ClassVar[str] = _INCONSISTENT


class TransactionMissing(Malformed):
    """C301: whoever claims a step, or has claimed it, names the transaction."""

    code: ClassVar[int] = 0xC301
    warning: ClassVar[str] = "The Transaction UID is missing."

    def __init__(self) -> None:
        super().__init__("the Transaction UID (0008,1195) is missing")


class TransactionIncorrect(Malformed):
    """C301: the step is another's."""

    code: ClassVar[int] = 0xC301
    warning: ClassVar[str] = "The Transaction UID is incorrect."

    def __init__(self) -> None:
        super().__init__("the Transaction UID (0008,1195) is not that of its performer")


class AlreadyInProgress(Conflict):
    """C302: somebody has claimed it."""

    code: ClassVar[int] = 0xC302
    warning: ClassVar[str] = _INCONSISTENT

    def __init__(self, uid: Uid) -> None:
        super().__init__(f"workitem {uid} is already in progress")


class NeverScheduledAgain(Malformed):
    """C303: a step becomes SCHEDULED by its creation only."""

    code: ClassVar[int] = 0xC303
    warning: ClassVar[str] = _INCONSISTENT

    def __init__(self) -> None:
        super().__init__("a workitem becomes SCHEDULED by its creation only")


class FinalStateNotMet(Conflict):
    """C304: it does not yet say what a step that ends so must say."""

    code: ClassVar[int] = 0xC304
    warning: ClassVar[str] = _INCONSISTENT


class NotInProgress(Conflict):
    """C310: it has not been claimed yet."""

    code: ClassVar[int] = 0xC310
    warning: ClassVar[str] = _INCONSISTENT

    def __init__(self, uid: Uid) -> None:
        super().__init__(f"workitem {uid} is not in progress yet")


class NotClaimed(Conflict):
    """A Transaction UID is named for a step that nobody has claimed."""

    code: ClassVar[int] = 0xC310
    warning: ClassVar[str] = "The target URI did not reference a claimed Workitem."

    def __init__(self, uid: Uid) -> None:
        super().__init__(f"workitem {uid} is claimed by nobody: it has no transaction")


class AlreadyCompleted(Conflict):
    """C311: what is done cannot be cancelled."""

    code: ClassVar[int] = 0xC311
    warning: ClassVar[str] = _INCONSISTENT

    def __init__(self, uid: Uid) -> None:
        super().__init__(f"workitem {uid} is completed")
