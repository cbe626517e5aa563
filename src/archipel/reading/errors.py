"""Failures only reading knows."""

from datetime import datetime

from archipel.kernel.errors import Conflict, Malformed
from archipel.reading.model import Claim, Draft, ExamId


class ClaimHeld(Conflict):
    """Somebody else reads this exam now."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(
            f"{claim.exam} is claimed by {claim.reader.login} until "
            f"{claim.until:%H:%M:%S} UTC: wait, or take over with a reason"
        )
        self.claim = claim


class ClaimHeldElsewhere(ClaimHeld):
    """Somebody on another node reads this exam now: what they hold does not run out here."""

    def __init__(self, claim: Claim, node: str) -> None:
        Conflict.__init__(
            self,
            f"{claim.exam} is read by {claim.reader.login} on node {node} since "
            f"{claim.since:%H:%M:%S} UTC: talk to them, or take over with a reason",
        )
        self.claim = claim


class ClaimNeedsLine(Conflict):
    """What can wait is not claimed while the node that asked cannot be told."""

    def __init__(self, exam: ExamId, node: str, since: datetime | None) -> None:
        when = f" since {since:%H:%M} UTC" if since else ""
        super().__init__(
            f"the line to {node} is cut{when}: {exam} is not urgent and waits for it, so that "
            "nobody reads it twice; ask by telephone, or try again when the line is back"
        )
        self.node, self.since = node, since


class ClaimLost(Conflict):
    """The lease ran out or was taken over: what is typed must be saved as a draft."""

    def __init__(self, exam: ExamId, claim: Claim | None) -> None:
        super().__init__(f"the claim on {exam} is not yours any more: claim it again")
        self.claim = claim


class DraftOutdated(Conflict):
    """Somebody saved a newer version in between; nothing was overwritten."""

    def __init__(self, exam: ExamId, *, held: Draft | None, offered: int) -> None:
        now = held.head.version if held else 0
        super().__init__(
            f"the report of {exam} is at version {now}, the offered one builds on {offered}: "
            "compare both and save again"
        )
        self.held = held


class ReportClosed(Conflict):
    """The report is signed: what is to be said now is an addendum or a correction."""

    def __init__(self, exam: ExamId) -> None:
        super().__init__(f"the report of {exam} is signed: write an addendum or a correction")


class NothingToAmend(Conflict):
    """An addendum or correction needs a validated report."""

    def __init__(self, exam: ExamId) -> None:
        super().__init__(f"no validated report stands for {exam}: there is nothing to add to")


class ChecksOpen(Conflict):
    """Checks before signing are not passed; `rules` names them."""

    def __init__(self, exam: ExamId, rules: tuple[str, ...]) -> None:
        named = ", ".join(rules)
        super().__init__(f"the report of {exam} is not signed, checks are open: {named}")
        self.rules = rules


class ReportTooLong(Malformed):
    """A report that no fact can carry: other nodes would never hear of it."""

    def __init__(self, has_bytes: int, at_most: int) -> None:
        super().__init__(
            f"the report cannot be told to other nodes: packed it has {has_bytes} bytes, at most "
            f"{at_most} travel. Shorten it, then sign it"
        )
        self.has_bytes, self.at_most = has_bytes, at_most


class TooLateToUndo(Conflict):
    """The signature was released: only an addendum or a correction can follow."""

    def __init__(self, exam: ExamId) -> None:
        super().__init__(
            f"the signed report of {exam} was released: write an addendum or a correction"
        )
