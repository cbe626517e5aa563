"""The process of durable work: facts to their subscribers, quiet series to packs, tidying."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from select import select

from archipel.app.dispatcher import Dispatcher, Elsewhere, Subscription
from archipel.app.home import Home
from archipel.app.hosts.keeper import alone_of_all, hosted
from archipel.app.hosts.recovery import WORKER, keep_recovering
from archipel.app.keeping.disposing import carry_out
from archipel.app.keeping.scrubbing import Scrubber
from archipel.app.keeping.tiering import Mover
from archipel.app.operations import availability, commitments, quality, webhooks
from archipel.app.operations.letters import save_waiting
from archipel.app.reports import following as reports
from archipel.app.requests import following as requests
from archipel.app.results import work as results
from archipel.app.transfer.offering import offer_forgotten, offer_study
from archipel.app.wiring import Node
from archipel.app.work import Lane, Work
from archipel.archive.events import SeriesReceived, SeriesSealed, StudyCompleted
from archipel.archive.model import SeriesKey, StudyKey
from archipel.archive.seal import Graces, Sealing, seal, tidy_packs, tidy_segments
from archipel.kernel.errors import ArchipelError
from archipel.stores.sql.results.feed import TOLD

LANES = {"facts": Lane(2), "sealing": Lane(1, poll_s=1.0), results.MAIL_LANE: Lane(2, poll_s=1.0)}
SEALING = LANES["sealing"]
LANES[commitments.LANE] = Lane(2, poll_s=0.5)
LANES[quality.LANE] = Lane(1, poll_s=0.5)
LANES[webhooks.LANE] = Lane(4, poll_s=0.5)
TIDY_EVERY_S = 30.0
LIST_OBJECTS_EVERY = timedelta(hours=1)
FORGOTTEN = timedelta(minutes=10)  # beyond any delivery that is merely late
AT_ONCE = 20
_log = logging.getLogger(__name__)


def run(home: Home, *, ready: Callable[[], None], stop: int) -> None:
    """Work until `stop` is readable."""
    with Node.open(home) as node, hosted(node, "work"):
        dispatcher = Dispatcher(
            node.database, subscriptions=subscriptions(node), clock=node.clock, told=TOLD
        )
        work = Work(
            home.work_url(node.settings),
            lanes=LANES if node.host is None else LANES | {sealing_at(node.host): SEALING},
            deliver=dispatcher.deliver,
            name="work" if node.host is None else f"{WORKER}{node.host}",
        )
        work.start()
        work.hurry("sealing")  # the quiet time may be a shorter one than before
        ended, chosen = threading.Event(), threading.Event()
        relay = threading.Thread(target=dispatcher.run, args=(work,), kwargs={"stop": ended})
        tidying = threading.Thread(target=_tidy, args=(node, work, ended, chosen))
        scrubbing = threading.Thread(target=_scrub, args=(node, ended, stop, chosen))
        moving = threading.Thread(target=Mover(node, ended).run)
        waking = threading.Thread(target=webhooks.wake, args=(node, ended))
        threads = [relay, tidying, scrubbing, moving, waking]
        if node.host is not None:
            how = {"every_s": node.settings.database.lease_s / 3, "ended": ended}
            arguments = (node.database, work.recover)
            threads.append(threading.Thread(target=keep_recovering, args=arguments, kwargs=how))
        for thread in threads:
            thread.start()
        ready()
        select([stop], [], [])
        ended.set()
        for thread in threads:
            thread.join(5)
        work.stop(timeout_s=4)


def subscriptions(node: Node) -> list[Subscription]:
    """Return who hears of what."""
    quiet = timedelta(seconds=node.settings.archive.series_quiet_s)

    def seal_when_quiet(event: SeriesReceived, *, now: datetime) -> timedelta | Elsewhere | None:
        key = SeriesKey(event.tenant, event.study, event.series)
        series = node.seal_index.to_seal(key)
        if series is not None:
            left = quiet - (now - max(held.received_at for held in series.instances))
            if left > timedelta():
                return left
            outcome = seal(key, index=node.seal_index, packs=node.packs, now=now)
            if outcome is Sealing.GREW:
                return quiet
        others = node.seal_index.elsewhere(key)
        return Elsewhere(sealing_at(others[0])) if others else None

    def offer_when_whole(event: SeriesSealed | StudyCompleted, *, now: datetime) -> None:
        offer_study(node, StudyKey(event.tenant, event.study), now=now)

    return [
        Subscription(SeriesReceived, "seal", seal_when_quiet, lane="sealing"),
        Subscription(SeriesSealed, "offer-sealed", offer_when_whole),
        Subscription(StudyCompleted, "offer-completed", offer_when_whole),
        *reports.subscriptions(node),
        *requests.subscriptions(node),
        *results.subscriptions(node),
        *commitments.subscriptions(node),
        *availability.subscriptions(node),
        *quality.subscriptions(node),
        *webhooks.subscriptions(node),
    ]


def sealing_at(host: int) -> str:
    """Name the lane of sealing that only one host may do: the journal with the bytes is there."""
    return f"sealing-{host}"


def _scrub(node: Node, ended: threading.Event, stop: int, chosen: threading.Event) -> None:
    """Scrub, and do what one host of several does, once it is this host's turn."""
    with alone_of_all(node, "upkeep", stop=stop) as mine:
        if mine:
            chosen.set()
            Scrubber(node, ended).run()


def _tidy(node: Node, work: Work, ended: threading.Event, chosen: threading.Event) -> None:
    graces = Graces(pack=timedelta(seconds=node.settings.archive.pack_grace_s))

    def packs(now: datetime) -> None:
        tidy_packs(index=node.seal_index, packs=node.packs, now=now, grace=graces.pack)

    def segments(now: datetime) -> None:
        tidy_segments(index=node.seal_index, segments=node.segments, now=now, grace=graces.segment)

    # To list an object store is a request for each thousand objects.
    every = LIST_OBJECTS_EVERY if node.settings.objects.url else timedelta(0)
    steps: list[Callable[[datetime], object]] = [
        lambda now: save_waiting(node.home, work.waiting(), now=now),
        segments,
        _Seldom(packs, every=every),
        lambda _now: _seal_forgotten(node),
        lambda _now: offer_forgotten(node),
        lambda now: node.packs.sweep(now=now),
        lambda now: node.commitments.sweep(before=now - commitments.KEPT),
        lambda now: node.credentials.sweep_credentials(now=now),
        lambda now: node.portal_door.entries.sweep(now=now),
        lambda _now: node.journal.health.probe(),  # a disk that is well again needs nobody to ask
        lambda _now: carry_out(node) if chosen.is_set() else None,
    ]
    while not ended.wait(TIDY_EVERY_S):
        for step in steps:  # what cannot be done keeps nothing else from being done
            try:
                step(node.clock())
            except ArchipelError as failure:
                _log.warning("tidying: %s", failure)


class _Seldom:
    """Does something when it was not done for a while."""

    def __init__(self, work: Callable[[datetime], object], *, every: timedelta) -> None:
        self._work, self._every = work, every
        self._done_at: datetime | None = None

    def __call__(self, now: datetime) -> None:
        if self._done_at is None or now - self._done_at >= self._every:
            self._work(now)
            self._done_at = now


def _seal_forgotten(node: Node) -> None:
    """Seal what should have been long ago: its delivery died with a queue that was lost."""
    quiet = timedelta(seconds=node.settings.archive.series_quiet_s) + FORGOTTEN
    now = node.clock()
    for key in node.seal_index.quiet_series(before=now - quiet, limit=AT_ONCE):
        seal(key, index=node.seal_index, packs=node.packs, now=now)
