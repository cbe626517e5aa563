"""Failures only access knows."""

from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Malformed, Refused


class CallerUnknown(Refused):
    """The calling AE title is not registered for the organisation that was called."""

    def __init__(self, calling: AETitle, called: AETitle) -> None:
        super().__init__(
            f"{calling} is not known to {called}: approve it in the list of unknown callers"
        )


class CallerElsewhere(Refused):
    """A known AE title calls from an address that is not the registered one."""

    def __init__(self, calling: AETitle, host: str, expected: str) -> None:
        super().__init__(
            f"{calling} is registered at {expected} and called from {host}: "
            "change its address if the device moved"
        )


class CallerNotProved(Refused):
    """A known AE title calls without the certificate that is registered for it."""

    def __init__(self, calling: AETitle, host: str, *, in_clear: bool) -> None:
        how = "in clear" if in_clear else "with another certificate"
        super().__init__(
            f"{calling} at {host} calls {how}: it is registered with a certificate of its own; "
            "register the new one if it was renewed"
        )


class CalledUnknown(Refused):
    """Nobody here answers to the called AE title."""

    def __init__(self, called: AETitle) -> None:
        super().__init__(f"no organisation answers to {called}: check the modality's called title")


class SignInFailed(Refused):
    """Login and password do not belong together; which of the two is wrong is not said."""

    def __init__(self) -> None:
        super().__init__("login or password is wrong, or the account is closed")


class SignInDelayed(Refused):
    """Too many wrong passwords for this login from this address; others are not held up."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many wrong passwords: try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class NotSignedIn(Refused):
    """The cookie or token is unknown, has expired or was revoked."""

    def __init__(self) -> None:
        super().__init__("nobody is signed in, or the session has ended: sign in")


class InvitationUnknown(Refused):
    """A one-time token was used already, has expired or never was."""

    def __init__(self) -> None:
        super().__init__("this one-time token is used, expired or unknown: ask for a new one")


class PasswordTooWeak(Malformed):
    """A password that the policy does not take. The message never repeats it."""
