"""Failures only access knows."""

from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Refused


class CallerUnknown(Refused):
    """The calling AE title is not registered for the organisation that was called."""

    def __init__(self, calling: AETitle, called: AETitle) -> None:
        super().__init__(
            f"{calling} is not known to {called}: approve it in the list of unknown callers"
        )


class CalledUnknown(Refused):
    """Nobody here answers to the called AE title."""

    def __init__(self, called: AETitle) -> None:
        super().__init__(f"no organisation answers to {called}: check the modality's called title")
