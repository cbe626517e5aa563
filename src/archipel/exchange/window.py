"""How much to ask for ahead: a multiple of what the link holds (bandwidth x delay).

What kills throughput over distance is waiting. The receiver therefore keeps `gain` times the
largest rate seen lately, times the shortest answer time, asked for at any moment. The rate is
measured over at least five answer times: over less, the release of a blocked head of line looks
like a fast link. The sender's own queue holds the backlog, by class, so that a wide window delays
nobody urgent.
"""

from collections import deque
from dataclasses import dataclass, field

from archipel.exchange.manifest import CHUNK_BYTES

GAIN = 6.0
LEAST_SLOTS, MOST_SLOTS = 16, 96
RATES_KEPT = 10
MEASURED_RTTS = 5
SHORTEST_SAMPLE_S = 1.0
LATE_RTTS, LEAST_LATE_S = 8, 3.0


@dataclass(slots=True)
class Window:
    """The window of one link. `rate` and `rtt_s` outlive the process: see `remembered`."""

    gain: float = GAIN
    line_bytes_per_s: float | None = None  # as configured: no rate beyond it is believed
    rtt_s: float | None = None
    rates: deque[float] = field(default_factory=lambda: deque(maxlen=RATES_KEPT))
    _taken_bytes: int = 0
    _since_s: float | None = None
    _moved: bool = False

    def answered(self, after_s: float) -> None:
        """Note how long an answer's first byte took."""
        if after_s <= 0:
            return
        known = None if self._moved else self.rtt_s
        self.rtt_s, self._moved = after_s if known is None else min(known, after_s), False

    def took(self, size_bytes: int, *, at_s: float) -> None:
        """Note bytes that came; `at_s` is a monotonic clock."""
        if self._since_s is None:
            self._since_s = at_s
        self._taken_bytes += size_bytes
        span_s = at_s - self._since_s
        if span_s < max(SHORTEST_SAMPLE_S, MEASURED_RTTS * (self.rtt_s or 0.1)):
            return
        rate = self._taken_bytes / span_s
        self.rates.append(min(rate, self.line_bytes_per_s or rate))
        self._taken_bytes, self._since_s = 0, at_s

    def idle(self) -> None:
        """Forget a measurement under way: nothing was asked for meanwhile."""
        self._taken_bytes, self._since_s = 0, None

    @property
    def rate_bytes_per_s(self) -> float:
        """Return the largest rate of the last measurements; 0 when there is none."""
        return max(self.rates, default=0.0)

    @property
    def recent_bytes_per_s(self) -> float:
        """Return the last measured rate; 0 when there is none."""
        return self.rates[-1] if self.rates else 0.0

    @property
    def slots(self) -> int:
        """Return how many chunks to keep asked for."""
        ahead = self.gain * self.rate_bytes_per_s * (self.rtt_s or 0.0)
        return max(LEAST_SLOTS, min(MOST_SLOTS, int(ahead / CHUNK_BYTES) + 1))

    @property
    def late_s(self) -> float:
        """Return after how long without a byte the link counts as stalled."""
        return max(LEAST_LATE_S, LATE_RTTS * (self.rtt_s or 0.0))

    def moved(self) -> None:
        """Let the next answer tell the answer time anew: the line may go another way by now."""
        self._moved = True

    def remembered(self) -> tuple[float, float] | None:
        """Give rate and answer time to keep; None while nothing was measured."""
        return (self.rate_bytes_per_s, self.rtt_s) if self.rates and self.rtt_s else None

    def recall(self, rate_bytes_per_s: float, rtt_s: float) -> None:
        """Begin with what was measured before the last restart."""
        self.rates.append(min(rate_bytes_per_s, self.line_bytes_per_s or rate_bytes_per_s))
        self.rtt_s = rtt_s
