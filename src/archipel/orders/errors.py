"""Failures only orders know."""

from archipel.kernel.errors import Conflict, Refused


class SenderUnknown(Refused):
    """No site is configured that sends so: nothing of it is kept."""

    def __init__(self, host: str) -> None:
        super().__init__(f"no site is configured for this sender at {host}: archipel hl7 site add")


class OtherMessage(Conflict):
    """A control id came again with other bytes: one of two messages would be lost."""

    def __init__(self, site: str) -> None:
        super().__init__(f"{site} sent another message under a control id that was used before")
