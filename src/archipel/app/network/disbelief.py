"""What a peer told that cannot be believed, named in the audit: who, about what, and why.

A peer that repeats itself fills no audit: the same words about the same thing stand once an hour.
"""

import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field

from archipel.access.model import Action, AuditEntry
from archipel.app.wiring import Node
from archipel.kernel.actors import Actor, ActorKind
from archipel.kernel.errors import ArchipelError
from archipel.protocols.peer.doorkeeper import DOOR

AGAIN_S = 3600.0
_KEPT = 1024


@dataclass(slots=True)
class Disbelief:
    """Writes it down. May be called from any thread; blocks on the database."""

    node: Node
    _said: "OrderedDict[tuple[str, str, str], float]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, peer: str, subject: str, why: str) -> None:
        """Note that `peer` told what cannot be believed about `subject`. Raises nothing."""
        if not self._news(peer, subject, why[:80]):
            return
        entry = AuditEntry(
            tenant=None,
            at=self.node.clock(),
            actor=Actor(ActorKind.NODE, f"node:{peer}"),
            action=Action.REFUSE,
            subject=subject,
            door=DOOR,
            detail=why[:200],
        )
        with suppress(ArchipelError):  # the log of the process has it
            self.node.audit.record([entry])

    def _news(self, *said: str) -> bool:
        now_s = time.monotonic()
        key = (said[0], said[1], said[2])
        with self._lock:
            before = self._said.get(key)
            if before is not None and now_s - before < AGAIN_S:
                return False
            self._said[key] = now_s
            self._said.move_to_end(key)
            while len(self._said) > _KEPT:
                self._said.popitem(last=False)
        return True
