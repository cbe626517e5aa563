"""What a reader may take while the line to the node that asked is cut.

The design's rule for claims of another region's requests: what is urgent is read twice rather than
not at all, and is marked; what can wait waits for the line, unless this node's settings say
otherwise. One's own requests are never in question, and what was taken before a cut is kept.
What somebody is known to read on another node is taken over with a reason, not by opening it.
"""

from dataclasses import dataclass

from archipel.kernel.actors import Scope
from archipel.reading.errors import ClaimHeldElsewhere, ClaimNeedsLine
from archipel.reading.model import LEASE, Claim, ExamId, Reader, Urgency
from archipel.reading.request.model import Line, ReadingClaim, Stage, Standing
from archipel.reading.request.ports import Requests, Travel

_OVER = frozenset(
    {Stage.RETURNED, Stage.ACKNOWLEDGED, Stage.DECLINED, Stage.CANCELLED}
)  # nothing is left to be taken twice


def waits(held: Standing, line: Line, *, here: str, routine_alone: bool) -> bool:
    """Tell whether a request may not be claimed on node `here` before the line is back.

    `line` is that to the request's home; `routine_alone` this node's setting.
    """
    request = held.request
    if request.id.home == here or not line.cut or held.stage in _OVER:
        return False
    return request.urgency > Urgency.URGENT and not routine_alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Island:
    """`reading.ports.Gate` for node `node`."""

    node: str
    requests: Requests
    travel: Travel
    routine_alone: bool

    def admit(self, exam: ExamId, *, taking_over: bool, scope: Scope) -> None:
        """See the port. Raises `ClaimHeldElsewhere`, `ClaimNeedsLine`."""
        for held in self.requests.of_exam(exam, scope=scope):
            claim = held.claim
            if (
                held.stage is Stage.READING
                and claim
                and claim.node != self.node
                and not taking_over
            ):
                raise ClaimHeldElsewhere(_lease(exam, claim), claim.node)
            if not any(scope.sees(site.tenant) for site in held.request.readers):
                continue
            line = self.travel.line(held.request.id.home)
            if self.waits(held, line):
                raise ClaimNeedsLine(exam, line.node, line.since)

    def waits(self, held: Standing, line: Line) -> bool:
        """See `waits`."""
        return waits(held, line, here=self.node, routine_alone=self.routine_alone)


def _lease(exam: ExamId, claim: ReadingClaim) -> Claim:
    """Return a claim of another node as a lease: when it runs out there is not known here."""
    reader = Reader(login=claim.reader.login, name=claim.reader.name, tenant=claim.reader.tenant)
    return Claim(exam=exam, reader=reader, since=claim.at, until=claim.at + LEASE, fence=0)
