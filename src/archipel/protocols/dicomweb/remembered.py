"""Values kept for a short time: what a burst of requests would otherwise ask again and again."""

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """At most `most` values, each for `for_s` seconds. For any thread."""

    def __init__(self, *, for_s: float, most: int) -> None:
        self._lasts, self._most = timedelta(seconds=for_s), most
        self._values: OrderedDict[K, tuple[datetime, V]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K, now: datetime) -> V | None:
        """Return what is kept and still counts."""
        with self._lock:
            until, value = self._values.get(key, (now, None))
        return value if now < until else None

    def put(self, key: K, value: V, now: datetime) -> None:
        """Keep a value from now on."""
        with self._lock:
            self._values[key] = (now + self._lasts, value)
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)

    def forget(self, key: K) -> None:
        """Let a value go."""
        with self._lock:
            self._values.pop(key, None)
