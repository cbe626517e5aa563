"""Leaf through every image of an exam, where the link opens that much.

One row of the audit stands for what a guest's session draws of one series within ten minutes, as
at the DICOMweb door (ADR 0035): a row for each slice would bury who looked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from archipel.access.model import Action
from archipel.kernel.errors import NotFound
from archipel.kernel.uid import Uid
from archipel.results.model import Content, Guest, Link, Stack
from archipel.results.portal import Portal, reached, row, told
from archipel.results.ports import Gallery

ONE_READING = timedelta(minutes=10)
MOST_REMEMBERED = 10_000


@dataclass(slots=True)
class Readings:
    """Which session read which series lately; in the memory of one process."""

    _since: dict[tuple[str, Uid], datetime] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def runs(self, session: str, series: Uid, *, now: datetime) -> bool:
        """Tell whether a row of the audit already stands for this request."""
        with self._lock:
            since = self._since.get((session, series))
        return since is not None and since <= now < since + ONE_READING

    def began(self, session: str, series: Uid, *, now: datetime) -> None:
        """Remember that the row was written."""
        with self._lock:
            if len(self._since) >= MOST_REMEMBERED:
                self._since.clear()  # rows are written again: more, never fewer
            self._since[session, series] = now


def stacks(
    guest: Guest, link: str, *, portal: Portal, gallery: Gallery, now: datetime
) -> Sequence[Stack]:
    """Return the series of an exam that hold images. Raises `NotFound`."""
    held = _open(guest, link, portal, now)
    portal.audit.record([row(guest, held, Action.QUERY, "list of series", now)])
    return gallery.stacks(held.exam, scope=held.scope)


def picture(
    guest: Guest,
    link: str,
    place: tuple[Uid, int],
    *,
    portal: Portal,
    gallery: Gallery,
    readings: Readings,
    now: datetime,
) -> bytes:
    """Draw the frame of this series and number, 1 first; audited before. Raises `NotFound`."""
    held = _open(guest, link, portal, now)
    series, number = place
    if not readings.runs(guest.session, series, now=now):
        what = f"pictures of series {series}"
        portal.audit.record([row(guest, held, Action.READ, what, now)])
        readings.began(guest.session, series, now=now)
    drawn = gallery.picture(held.exam, series, number, scope=held.scope)
    if drawn is None:
        raise NotFound("there is no such image")
    return drawn


def _open(guest: Guest, link: str, portal: Portal, now: datetime) -> Link:
    held = reached(guest, link, portal=portal, now=now)
    told(held, portal, now)
    if not held.content.holds(Content.IMAGES):
        raise NotFound("this link does not open every image")
    return held
