"""Packs between two disks: laid off when nobody reads them, recalled when somebody does."""

import json
import logging
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from archipel.app.home import noted
from archipel.app.keeping.pace import Busy, Pace, Stopped
from archipel.app.keeping.turns import taken
from archipel.app.wiring import Node
from archipel.kernel.errors import ArchipelError
from archipel.stores.packs.files import PackFiles
from archipel.stores.packs.tiers import Moved, Tiers

LOOK_EVERY_S = 1.0
LAY_OFF_EVERY = timedelta(minutes=1)
AT_ONCE = 200  # laid off before recalls are looked at again
TOLD = "tiers.json"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Mover:
    """The one that moves packs, in the work process; readers never wait for it."""

    node: Node
    ended: threading.Event
    laid_off_at: datetime | None = None

    def run(self) -> None:
        """Move until told to stop."""
        tiers = tiers_of(self.node)
        if tiers is None:
            return
        while not self.ended.wait(LOOK_EVERY_S):
            try:
                with taken(self.node.home.run, "tiers") as mine:
                    if mine:
                        self.once(tiers)
            except Stopped:
                return
            except (ArchipelError, OSError) as failure:
                _log.warning("tiers: %s", failure)
                if self.ended.wait(LAY_OFF_EVERY.total_seconds()):
                    return

    def once(self, tiers: Tiers) -> None:
        """Recall what was asked for, then lay off what is due. Raises as `Tiers`."""
        recall_wanted(self.node, tiers, wait=self.ended.wait)
        now = self.node.clock()
        settings = self.node.settings.keeping
        every = min(LAY_OFF_EVERY, timedelta(days=settings.cold_after_days))
        if self.laid_off_at is not None and now - self.laid_off_at < every:
            return
        tiers.settle()
        pace = Pace(
            settings.scrub_mbytes_per_s * 1e6, busy=Busy(self.node.home.run), wait=self.ended.wait
        )
        before = now - timedelta(days=settings.cold_after_days)
        if not lay_off(self.node, tiers, before=before, moved=pace):
            self.laid_off_at = now


def tiers_of(node: Node) -> Tiers | None:
    """Return the two folders; None where there is one."""
    shelf = node.shelf(cached=False)
    return shelf if isinstance(shelf, Tiers) else None


def recall_wanted(
    node: Node, tiers: Tiers, *, wait: Callable[[float], bool] = lambda _s: False
) -> int:
    """Bring back every pack that somebody read; as fast as the disks, for somebody reads it."""
    wanted = tiers.wanted()
    for number, key in enumerate(wanted):
        if not _room(node, tiers, key):
            _log.warning("no room to recall pack %s: it is read where it lies", key)
            break
        total = _pack_size(tiers.cold, key)
        waiting = len(wanted) - number
        telling = _Telling(node=node, key=key, to="hot", total=total, waiting=waiting, wait=wait)
        tiers.recall(key, moved=telling)
    if wanted:
        tell(node, tiers)
    return len(wanted)


def lay_off(node: Node, tiers: Tiers, *, before: datetime, moved: Moved) -> int:
    """Move packs that nobody read since `before`; tell how many: `AT_ONCE` at most.

    Breaks off when somebody asks for a recall.
    """
    tiers.reached()
    count = 0
    for key, size_bytes in tiers.idle(before):
        if count >= AT_ONCE or tiers.wanted():
            break
        telling = _Telling(node=node, key=key, to="cold", total=size_bytes)

        def both(size: int, telling: _Telling = telling) -> None:
            moved(size)
            telling(size)

        tiers.lay_off(key, moved=both)
        count += 1
    tell(node, tiers)
    return count


def tell(node: Node, tiers: Tiers, moving_now: dict[str, Any] | None = None) -> None:
    """Write the figures down for the node's page."""
    told = {
        "away": False,
        "hot_bytes": _size(tiers.hot.root),
        "cold_bytes": _size(tiers.cold.root),
        "wanted": len(tiers.wanted()),
        "moving": moving_now,
    }
    noted(node.home.run / TOLD, json.dumps(told))


def told(node: Node) -> dict[str, Any]:
    """Read the figures; empty where there is one folder."""
    tiers = tiers_of(node)
    if tiers is None:
        return {}
    try:
        tiers.reached()
    except ArchipelError as away:
        return {"away": True, "why": str(away)}
    try:
        read: dict[str, Any] = json.loads((node.home.run / TOLD).read_text())
    except (OSError, ValueError):
        return {"away": False}
    return read


@dataclass(slots=True, kw_only=True)
class _Telling:
    """Writes down how far a move is, at most every 16 MiB. Raises `Stopped`."""

    node: Node
    key: str
    to: str
    total: int
    waiting: int = 0
    wait: Callable[[float], bool] = lambda _s: False
    done: int = 0
    said: int = -1

    def __call__(self, size: int) -> None:
        """Take `size` bytes more into account."""
        if self.wait(0):
            raise Stopped
        self.done += size
        if self.done >> 24 > self.said:
            self.said = self.done >> 24
            now = {
                "pack": self.key,
                "to": self.to,
                "done_bytes": self.done,
                "total_bytes": self.total,
            }
            figures = {"away": False, "wanted": self.waiting, "moving": now}
            noted(self.node.home.run / TOLD, json.dumps(figures))


def _room(node: Node, tiers: Tiers, key: str) -> bool:
    size = _pack_size(tiers.cold, key)
    free = shutil.disk_usage(tiers.hot.root).free
    return free - size > node.settings.archive.low_disk_bytes


def _pack_size(files: PackFiles, key: str) -> int:
    return sum(path.stat().st_size for path in files.paths(key) if path.exists())


def _size(root: Path) -> int:
    total = 0
    for path in root.glob("*/*.pack"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total
