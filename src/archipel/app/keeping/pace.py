"""How fast a scrub may read: so many bytes a second, a tenth of it while the node is busy."""

import json
import time
from collections.abc import Callable
from pathlib import Path

BUSY_SHARE = 0.1
LOOK_EVERY_S = 2.0
PRESSURE = 20.0  # per cent of the last ten seconds in which somebody waited for the disk
_STEP_S = 0.05  # shorter sleeps are saved up


class Stopped(Exception):
    """The scrub is told to end; it goes on later where it was."""


class Pace:
    """Sleeps while bytes are read. `wait` sleeps and tells whether to stop."""

    def __init__(
        self,
        bytes_per_s: float,
        *,
        busy: Callable[[], bool],
        wait: Callable[[float], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bytes_per_s, self._busy, self._wait, self._clock = bytes_per_s, busy, wait, clock
        self._owed_s = 0.0
        self._at_s = clock()
        self._looked_s = -LOOK_EVERY_S
        self.is_busy = False

    def __call__(self, count: int) -> None:
        """Take `count` bytes into account. Raises `Stopped`."""
        now_s = self._clock()
        if now_s - self._looked_s >= LOOK_EVERY_S:
            self._looked_s, self.is_busy = now_s, self._busy()
        rate = self._bytes_per_s * (BUSY_SHARE if self.is_busy else 1.0)
        self._owed_s = max(0.0, self._owed_s - (now_s - self._at_s)) + count / rate
        self._at_s = now_s
        if self._wait(self._owed_s if self._owed_s >= _STEP_S else 0.0):
            raise Stopped


class Busy:
    """Whether the node has better to do: it takes instances in, or its disk is waited for."""

    def __init__(self, run: Path, *, pressure: Path = Path("/proc/pressure/io")) -> None:
        self._gauges, self._pressure = run / "index.json", pressure
        self._stored: int | None = None

    def __call__(self) -> bool:
        """Look, at most every few seconds."""
        stored = self._read_stored()
        grew = self._stored is not None and stored != self._stored
        self._stored = stored
        return grew or self._waited() > PRESSURE

    def _read_stored(self) -> int:
        try:
            return int(json.loads(self._gauges.read_text())["stored"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _waited(self) -> float:
        try:
            words = self._pressure.read_text().split()
        except OSError:  # a kernel that does not say
            return 0.0
        found = [word[6:] for word in words[:4] if word.startswith("avg10=")]
        return float(found[0]) if found else 0.0
