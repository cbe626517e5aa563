"""One study while it is fetched: which chunks are wanted next, which are here, when it is whole.

Knows nothing of connections: `link_puller.LinkPuller` takes steps from it and gives bytes back.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from archipel.exchange.manifest import (
    DIGEST_BYTES,
    SEGMENT_CHUNKS,
    Layer,
    PackEntry,
    StudyManifest,
    spine_of,
)
from archipel.exchange.plan import Step, plan
from archipel.exchange.ports import PartFile, Spool
from archipel.exchange.transfer import Transfer, WrongBytes
from archipel.kernel.errors import Malformed

SPINE = -1
LISTS_AT_ONCE = 32
LISTS_AHEAD = 48  # of the segment that is being fetched: 192 MiB


@dataclass(slots=True, eq=False)
class Fetching:
    """One transfer at work."""

    transfer: Transfer
    spool: Spool
    manifest: StudyManifest | None = None
    parts: list[PartFile] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    in_flight: set[tuple[int, int]] = field(default_factory=set)
    wrong: WrongBytes = field(default_factory=WrongBytes.none)
    paused: bool = False
    held_until_s: float = 0.0  # on a monotonic clock: the peer has trouble with this study
    full_until_s: float = 0.0  # on a monotonic clock: the disk took no more
    over: bool = False  # handed over, set aside or withdrawn
    _steps: deque[Step] = field(default_factory=deque)
    _low: set[tuple[int, int]] = field(default_factory=set)
    _lists: list[tuple[int, int]] = field(default_factory=list)  # (pack, segment) as needed
    _place: dict[tuple[int, int], int] = field(default_factory=dict)

    def begin(self, manifest: StudyManifest) -> None:
        """Plan what is missing. The part files were opened before: opening hashes them."""
        self.parts = [self.spool.open(self.transfer.id, pack) for pack in manifest.packs]
        self.manifest = manifest
        self.in_flight.clear()
        self.order()

    def order(self) -> None:
        """Put what is missing in its order, the series that are asked for first."""
        manifest = self._known()
        steps = list(plan(manifest, first=self.transfer.first))
        self._steps = deque(
            step for step in steps
            if step.chunk not in self.parts[step.pack].have
            and (step.pack, step.chunk) not in self.in_flight
        )  # fmt: skip
        self._low = {
            (step.pack, step.chunk) for step in steps
            if step.layer is not Layer.REST and step.chunk not in self.parts[step.pack].have
        }  # fmt: skip
        needed = dict.fromkeys((step.pack, step.chunk // SEGMENT_CHUNKS) for step in steps)
        self._lists = list(needed)
        self._place = {pair: number for number, pair in enumerate(self._lists)}
        self.news.set()

    def next(self) -> Step | None:
        """Take the next chunk to ask for; None when none can be asked for now."""
        if time.monotonic() < self.held_until_s:
            return None
        while self._steps and not (self.paused or self.over):
            step = self._steps[0]
            part = self.parts[step.pack]
            if step.chunk in part.have:  # found here when its digest came
                self._steps.popleft()
                self._low.discard((step.pack, step.chunk))
                continue
            if not part.knows(step.chunk // SEGMENT_CHUNKS):
                return None
            self._steps.popleft()
            self.in_flight.add((step.pack, step.chunk))
            return step
        return None

    def back(self, step: Step) -> None:
        """Put a chunk back that did not come."""
        self.in_flight.discard((step.pack, step.chunk))
        self._steps.appendleft(step)

    def came(self, step: Step, content: bytes) -> bool:
        """Keep a chunk; False when it has not its digest. Raises `Exhausted`, `Unavailable`."""
        if not self.parts[step.pack].write(step.chunk, content):
            return False
        self.in_flight.discard((step.pack, step.chunk))
        self._low.discard((step.pack, step.chunk))
        return True

    def wanted_lists(self) -> list[tuple[int, int]]:
        """Name the digests to fetch now, as pairs of pack and segment or `SPINE`."""
        if not self._steps:
            return []
        head = self._steps[0]
        at = self._place[head.pack, head.chunk // SEGMENT_CHUNKS]
        wanted: list[tuple[int, int]] = []
        for number, segment in self._lists[at : at + LISTS_AHEAD]:
            part = self.parts[number]
            if part.knows(segment):
                continue
            pack = self._known().packs[number]
            spine = (number, SPINE)
            if pack.segments > 1 and not part.knows_spine() and spine not in wanted:
                wanted.append(spine)
            wanted.append((number, segment))
            if len(wanted) >= LISTS_AT_ONCE:
                break
        return wanted

    def keep_lists(self, wanted: Sequence[tuple[int, int]], contents: Sequence[bytes]) -> None:
        """Keep digests that came. Raises `Malformed` when they are not the manifest's."""
        for (number, segment), content in zip(wanted, contents, strict=True):
            part = self.parts[number]
            if segment == SPINE:
                part.keep_spine(content)
                continue
            if self._known().packs[number].segments == 1 and not part.knows_spine():
                part.keep_spine(spine_of(content))
            part.keep_list(segment, content)
        self.news.set()

    def list_bytes(self, wanted: tuple[int, int]) -> int:
        """Say how long a list of digests is."""
        number, segment = wanted
        pack = self._known().packs[number]
        if segment == SPINE:
            return pack.segments * DIGEST_BYTES
        return min(SEGMENT_CHUNKS, pack.chunks - segment * SEGMENT_CHUNKS) * DIGEST_BYTES

    def pack(self, number: int) -> PackEntry:
        """Return one pack of the manifest."""
        return self._known().packs[number]

    @property
    def whole(self) -> bool:
        """Tell whether every chunk is here."""
        return self.manifest is not None and all(
            len(part.have) == pack.chunks
            for part, pack in zip(self.parts, self.manifest.packs, strict=True)
        )

    @property
    def low_whole(self) -> bool:
        """Tell whether every frame is here at low resolution, with all that is not pixels."""
        return self.manifest is not None and not self._low

    @property
    def done_bytes(self) -> int:
        """Return how many bytes are here."""
        return sum(part.done_bytes for part in self.parts)

    def _known(self) -> StudyManifest:
        if self.manifest is None:
            raise Malformed("a transfer that has not begun")
        return self.manifest
