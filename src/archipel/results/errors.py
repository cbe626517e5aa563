"""Failures only results knows. At the door they never say what was wrong."""

from archipel.kernel.errors import Refused


class EntryRefused(Refused):
    """Code and birth date, or link and secret, do not open anything; which is not said."""

    def __init__(self, tries_left: int) -> None:
        super().__init__("wrong code or date")
        self.tries_left = tries_left


class EntryDelayed(Refused):
    """Too many wrong tries with this code or from this address."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many wrong tries: try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class CodeRefused(Refused):
    """A one-time code is wrong, used, too old or tried too often."""

    def __init__(self, tries_left: int) -> None:
        super().__init__("wrong or outdated one-time code")
        self.tries_left = tries_left


class NotEntered(Refused):
    """No session, or the link behind it was cut or has expired."""

    def __init__(self) -> None:
        super().__init__("this page is closed: come in again, or ask for a new access")
