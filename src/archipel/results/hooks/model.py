"""A webhook: where changes of one organisation are sent, how far it is, and how it fares."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import urlsplit

from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId
from archipel.results.feed.model import NAMES, Cursor

GIVEN_UP_AFTER = timedelta(days=3)
"""How long a receiver may fail before its webhook is disabled."""

AT_ONCE = 100  # changes of one delivery
LONGEST_URL = 512
_PAUSES_S = (5, 15, 60, 300, 900, 1800, 3600)
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")


class HookState(Enum):
    """Whether changes are sent."""

    ACTIVE = "active"
    PAUSED = "paused"  # by an administrator
    DISABLED = "disabled"  # it failed too long


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One subscription. `cursor` is how far its receiver has taken changes.

    `due` says that a delivery is on its way or waits for its turn: there is one at a time, which
    is what keeps the order. `run` counts those begun anew, so that an older one ends itself.
    """

    id: str
    tenant: TenantId
    url: str
    kinds: frozenset[str]
    cursor: Cursor
    created_by: str
    created_at: datetime
    state: HookState = HookState.ACTIVE
    due: bool = False
    run: int = 0
    failures: int = 0
    failing_since: datetime | None = None
    reason: str = ""  # of the last failure

    def __post_init__(self) -> None:
        check_url(self.url)
        if not self.kinds or not self.kinds <= NAMES:
            raise Malformed("a webhook is told at least one kind of change, and only known ones")

    def took(self, cursor: Cursor) -> "Webhook":
        """Return it after a delivery that was taken."""
        return replace(self, cursor=cursor, failures=0, failing_since=None, reason="")

    def failed(self, reason: str, *, now: datetime, final: bool = False) -> "Webhook":
        """Return it after one that was not: disabled where that has lasted too long."""
        since = self.failing_since or now
        over = final or now - since >= GIVEN_UP_AFTER
        return replace(
            self,
            failures=self.failures + 1,
            failing_since=since,
            reason=reason,
            state=HookState.DISABLED if over else self.state,
            due=self.due and not over,
        )

    @property
    def pause(self) -> timedelta:
        """How long to wait before the next try, longer with each failure."""
        return timedelta(seconds=_PAUSES_S[min(self.failures, len(_PAUSES_S)) - 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One try. `status` is the HTTP status, 0 where there was none."""

    number: int
    at: datetime
    changes: int
    status: int
    duration_ms: int
    reason: str  # empty: taken

    @property
    def taken(self) -> bool:
        """Whether the receiver took it."""
        return not self.reason


def check_url(url: str) -> None:
    """Raise `Malformed` for an address that nothing is sent to."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise Malformed("this is no address of a receiver: https://host/path") from None
    clear = parts.scheme == "http" and bool(_LOOPBACK.fullmatch(host))
    if len(url) > LONGEST_URL or not url.isprintable() or not url.isascii() or " " in url:
        raise Malformed(f"an address has at most {LONGEST_URL} printable ASCII characters")
    if not host or not (parts.scheme == "https" or clear):
        raise Malformed("a receiver is reached by https; by http only on this machine")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Malformed("an address carries no name, no password and no fragment")
