"""Whether nodes that hold the same facts make the same of them: a hash for each kind of subject.

Folding is a pure function of the set of facts: a difference is a bug of one of the two, and is
shown. Nodes whose logs differ, or from which something is withheld, are not compared.
"""

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from archipel.app.wiring import Node
from archipel.exchange.fold import state

AGAIN_S = 30.0  # the facts are folded at most so often


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What a node holds: where each log ends, what is withheld, and a hash for each kind."""

    logs: dict[str, str]
    withheld: int
    states: dict[str, str]


@dataclass(slots=True)
class Holdings:
    """Folds what this node holds. May be called from any thread; blocks on the database."""

    node: Node
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _held: Holding | None = None
    _position: int = -1
    _folded_s: float = 0.0

    def now(self) -> Holding:
        """Return what is held, as it was at most half a minute ago."""
        with self._lock:
            fresh = time.monotonic() - self._folded_s < AGAIN_S
            if self._held is None or (not fresh and self._position != self.node.facts.position()):
                self._held = self._folded()
            return self._held

    def _folded(self) -> Holding:
        while True:  # until nothing came meanwhile: the logs are those of the states
            before = self.node.facts.position()
            facts = self.node.facts.everything()
            counts, withheld = self.node.facts.counts(), self.node.facts.withheld()
            if self.node.facts.position() == before:
                break
        held = Holding(
            logs={log: f"{number}:{last}" for log, (number, last, _) in counts.items()},
            withheld=withheld,
            states=by_kind(state.hashes(facts)),
        )
        self._position, self._folded_s = before, time.monotonic()
        return held


def by_kind(hashes: Mapping[str, str]) -> dict[str, str]:
    """Sum the hashes of subjects up by their kind: request, study, patient, ..."""
    sums: dict[str, hashlib._Hash] = {}
    for subject, value in sorted(hashes.items()):
        kind = subject.partition("/")[2].partition(":")[0]
        sums.setdefault(kind, hashlib.sha256()).update(f"{subject} {value}\n".encode())
    return {kind: one.hexdigest() for kind, one in sums.items()}


def differing(mine: Holding, theirs: Holding) -> tuple[str, ...] | None:
    """Name the kinds of which two nodes make something else; None: they cannot be compared."""
    if mine.logs != theirs.logs or mine.withheld or theirs.withheld:
        return None
    kinds = mine.states.keys() | theirs.states.keys()
    return tuple(sorted(k for k in kinds if mine.states.get(k) != theirs.states.get(k)))
