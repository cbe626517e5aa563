"""Studies of ours are described for the other nodes, once they are complete and sealed."""

from datetime import datetime

from archipel.app.peer_keys import name_of
from archipel.app.wiring import Node
from archipel.archive.model import StudyKey
from archipel.exchange.offer import offer

AT_ONCE = 20


def offer_study(node: Node, key: StudyKey, *, now: datetime) -> None:
    """Describe a study and announce it; nothing happens while it is open, or not ours."""
    home = name_of(node.settings).value
    offer(key, home=home, offers=node.offers, packs=node.packs, now=now)


def offer_forgotten(node: Node) -> None:
    """Offer what was there before, or whose delivery died with a queue that was lost."""
    for key in node.offers.unoffered(limit=AT_ONCE):
        offer_study(node, key, now=node.clock())
