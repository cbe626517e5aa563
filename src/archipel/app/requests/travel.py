"""How long images travel: to a partner before it is asked, and to here while they are fetched.

The peer process writes down how each link stands (`run/links.json`); the rest is in the index. A
rate that nobody measured or configured is not known, and no time is told from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from archipel.app.archipelago import links
from archipel.app.peer_keys import name_of
from archipel.app.transfer.packs import BYTES_IN_MBIT, time_of_day
from archipel.app.transfer.progress import STILL, due_in_s
from archipel.app.wiring import Node
from archipel.archive.model import StudyKey
from archipel.exchange.caps import caps_of, least_mbit
from archipel.exchange.links import Line as LineState
from archipel.exchange.manifest import StudyManifest
from archipel.exchange.schedule import SHAPED
from archipel.exchange.transfer import Transfer
from archipel.kernel.actors import Scope
from archipel.reading.model import ExamId
from archipel.reading.request.model import Arrival, Line, Way

_BITS = 8
_MS_IN_S = 1000


@dataclass(frozen=True, slots=True)
class LinkTravel:
    """`reading.request.ports.Travel` over the link board and what is offered."""

    node: Node

    def way(self, node: str, *, exam: ExamId | None) -> Way:
        """See the port."""
        if node == name_of(self.node.settings).value:
            return Way(reachable=True, images_in=timedelta() if exam else None)
        line = links(self.node).get(node)
        if line is None or line.get("state") != LineState.UP.value:
            return Way(reachable=False)
        size = self._size_bytes(exam) if exam else None
        rate = self._outward(node, line.get("goodput_bps"))
        if size is None or not rate:
            return Way(reachable=True)
        taken = size / rate + (line.get("rtt_ms") or 0) / _MS_IN_S
        return Way(reachable=True, images_in=timedelta(seconds=taken))

    def line(self, node: str) -> Line:
        """See the port. Where the board says nothing of a node, nobody can be told there."""
        if node == name_of(self.node.settings).value:
            return Line(node=node, cut=False)
        told = links(self.node).get(node)
        if told is None:
            return Line(node=node, cut=True)
        since = told.get("since")
        cut = told.get("state") in (LineState.DOWN.value, LineState.REFUSED.value)
        return Line(
            node=node, cut=cut, since=datetime.fromisoformat(since) if cut and since else None
        )

    def _size_bytes(self, exam: ExamId) -> int | None:
        held = self.node.offers.manifest(StudyKey(exam.tenant, exam.study))
        return StudyManifest.parse(held.content).size_bytes if held else None

    def _outward(self, node: str, goodput_bps: float | None) -> float | None:
        """Return bytes a second towards a peer; what came from it stands for what goes to it."""
        told = self.node.settings.peer
        cap = least_mbit(caps_of(told.caps), node, None, at=time_of_day(self.node))
        known = [mbit * BYTES_IN_MBIT * SHAPED for mbit in (told.line_out_mbit, cap) if mbit]
        if goodput_bps and not told.line_out_mbit:
            known.append(goodput_bps / _BITS)
        elif not told.line_out_mbit and (measured := self.node.transfers.window(node)):
            known.append(measured[0])
        return min(known, default=None)


@dataclass(frozen=True, slots=True)
class FetchedHere:
    """`reading.request.ports.Arrivals` over the transfers of this node."""

    node: Node

    def under_way(self, *, scope: Scope, now: datetime) -> Mapping[ExamId, Arrival]:
        """See the port. What is whole and not in the lists yet counts as under way."""
        del now
        every = self.node.transfers.under_way()
        return {
            ExamId(one.key.tenant, one.key.study): self._arrival(one, every)
            for one in every
            if scope.sees(one.wanted_by)
        }

    def _arrival(self, one: Transfer, every: Sequence[Transfer]) -> Arrival:
        moving = one.state not in STILL
        return Arrival(
            moving=moving,
            done_bytes=one.done_bytes,
            size_bytes=one.size_bytes or None,
            due_in=self._due_in(one, every) if moving else None,
        )

    def _due_in(self, one: Transfer, every: Sequence[Transfer]) -> timedelta | None:
        seconds = due_in_s(self.node, one, every)
        return None if seconds is None else timedelta(seconds=seconds)
