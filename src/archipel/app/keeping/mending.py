"""Packs that no second copy here can mend are mended from another node, chunk by chunk.

Our own study: from any node that fetched it. A study of others: from its home. A pack is named
by its root, so it does not matter who hands the bytes over: only chunks whose digest is wrong
are asked for, and nothing is put back before the whole file has its root.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import httpx

from archipel.app.keeping.scrubbing import Room, packs_only, room_of
from archipel.app.transfer.packs import spoken_for
from archipel.app.wiring import Node
from archipel.archive.keeping.mend import NO_COPY, whole
from archipel.archive.keeping.model import Damage, MendedBy
from archipel.archive.model import SeriesKey, StudyKey
from archipel.exchange.manifest import DIGEST_BYTES, SEGMENT_CHUNKS, PackEntry, spine_of
from archipel.exchange.model import NodeName
from archipel.exchange.schedule import TransferClass
from archipel.exchange.trust.assertions import Person
from archipel.kernel.errors import ArchipelError, NotFound, Unavailable
from archipel.protocols.peer.neighbours import Neighbour, Neighbours
from archipel.protocols.peer.pack_client import PackClient
from archipel.protocols.peer.pack_server import SPINE
from archipel.stores.packs.mending import PackBench
from archipel.stores.packs.part_file import DiskPartFile

LOOK_EVERY_S = 2.0
RETRY_EVERY = timedelta(minutes=1)
LISTS_AT_ONCE = 64
NO_NODE = "no other node has this pack"
MENDER = Person(subject="system:mend", name="", role="", organisation="", authentication="node")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Original:
    """One file of a pack as it was when it was whole. `leaves`: empty where only others know."""

    entry: PackEntry
    leaves: bytes


@dataclass(kw_only=True)
class MendTask:
    """`task.PeerTask`: mends what lies open in the book of damage."""

    node: Node

    async def run(self, neighbours: Neighbours, *, stop: asyncio.Event) -> None:
        """Look for open damage until told to stop."""
        room = room_of(self.node)
        while not stop.is_set():
            try:
                for damage in await asyncio.to_thread(self._due, room):
                    await self._mend(damage, room, neighbours)
            except ArchipelError as failure:
                _log.warning("mending: %s", failure)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)

    def _due(self, room: Room) -> Sequence[Damage]:
        """Give damaged packs that the journal could not mend, and that nobody was asked for."""
        now = self.node.clock()
        return [
            one
            for one in room.ledger.open_damage()
            if packs_only(one)
            and one.tried_at is not None
            and (not _asked(one) or now - one.tried_at >= RETRY_EVERY)
        ]

    async def _mend(self, damage: Damage, room: Room, neighbours: Neighbours) -> None:
        pack, now = damage.found.name, self.node.clock
        why = f"{NO_COPY}, {NO_NODE}"
        shelf = await asyncio.to_thread(room.reading.shelves.of_pack, pack)
        if shelf is not None:
            originals = await asyncio.to_thread(self._originals, pack, shelf.key)
            for name in await asyncio.to_thread(self._holders, shelf.key) if originals else ():
                try:
                    mended = await self._from(name, pack, shelf.key, originals, neighbours)
                    await asyncio.to_thread(room.reading.shelves.repack, pack, mended)
                except ArchipelError as failure:
                    why = f"{NO_COPY}, {NO_NODE}: {name}: {failure}"
                    continue
                if await asyncio.to_thread(_whole, mended, room):
                    await asyncio.to_thread(
                        room.ledger.mended, damage.number, MendedBy.PEER, now=now()
                    )
                    _log.warning("mended from node %s: pack %s", name, pack)
                    return
                why = f"{NO_COPY}, {NO_NODE}: {name} has the same damage"
        await asyncio.to_thread(room.ledger.tried, damage.number, why, now=now())

    def _originals(self, pack: str, key: SeriesKey) -> Sequence[Original]:
        """Give the files of a pack as they were described: by us, or by its home."""
        described = [
            Original(one.described.entry, one.described.leaves)
            for one in self.node.offers.described(pack, tenant=key.tenant)
            if one.current
        ]
        return described or list(self._adopted(pack, key))

    def _adopted(self, pack: str, key: SeriesKey) -> Iterator[Original]:
        for came in self.node.provenance.of(StudyKey(key.tenant, key.study)):
            manifest = self.node.transfers.manifest(came.transfer)
            for entry in manifest.packs if manifest else ():
                if self.node.transfers.adopted(entry.root) == (pack, entry.part):
                    yield Original(entry, b"")
            return  # the latest one counts

    def _holders(self, key: SeriesKey) -> Sequence[NodeName]:
        """Say who may have the bytes: the home of a study; for ours, everybody."""
        home = self.node.owners.home(key.tenant)
        peers = [one.name for one in self.node.peers.all() if one.active]
        return sorted(peers, key=lambda name: (name != home, name.value))

    async def _from(
        self,
        name: NodeName,
        pack: str,
        key: SeriesKey,
        originals: Sequence[Original],
        neighbours: Neighbours,
    ) -> str:
        """Fetch what is bad of every file, and put it back; give the pack's key then.

        Raises `ArchipelError`.
        """
        peer = await asyncio.to_thread(self.node.peers.peer, name)
        reached = neighbours.reached(peer) if peer is not None else None
        if reached is None or not reached.address:
            raise NotFound("it is not reached")

        def dial() -> httpx.AsyncClient:
            return Neighbour(reached, neighbours.identity).http

        client = PackClient(dial, spoken_for(MENDER, name, neighbours, self.node.clock))
        bench = PackBench(self.node.home.root, self.node.shelf(cached=False))
        mended = bench.key(key, originals[0].entry)
        try:
            for original in sorted(originals, key=lambda one: -one.entry.part):
                laid = await asyncio.to_thread(bench.lay_out, pack, original.entry)
                try:
                    await _fill(laid, original, StudyKey(key.tenant, key.study), client)
                    await asyncio.to_thread(bench.put_back, laid, mended, original.entry, key)
                finally:
                    laid.close()
        finally:
            await client.close()
        return mended


async def _fill(laid: DiskPartFile, original: Original, key: StudyKey, client: PackClient) -> None:
    """Learn the digests of one file, then fetch the chunks that have another."""
    entry, leaves = original.entry, original.leaves
    if leaves:
        await asyncio.to_thread(laid.keep_spine, spine_of(leaves))
    elif not laid.knows_spine():
        size = entry.segments * DIGEST_BYTES
        laid.keep_spine((await client.lists(key, [(entry.root, SPINE)], [size]))[0])
    wanted = [one for one in range(entry.segments) if not laid.knows(one)]
    for start in range(0, len(wanted), LISTS_AT_ONCE):
        some = wanted[start : start + LISTS_AT_ONCE]
        if leaves:
            lists = [_own(leaves, segment) for segment in some]
        else:
            sizes = [_chunks(entry, segment) * DIGEST_BYTES for segment in some]
            lists = await client.lists(key, [(entry.root, one) for one in some], sizes)
        for segment, content in zip(some, lists, strict=True):
            await asyncio.to_thread(laid.keep_list, segment, content)
    for chunk in sorted(set(range(entry.chunks)) - laid.have):
        content = await client.read(
            key, (entry.root, chunk), entry.chunk_bytes(chunk), TransferClass.BACKFILL
        )
        if not await asyncio.to_thread(laid.write, chunk, content):
            raise Unavailable(f"it sends wrong bytes for chunk {chunk}")


def _whole(pack: str, room: Room) -> bool:
    return whole(pack, by=room.reading) is not None


def _own(leaves: bytes, segment: int) -> bytes:
    size = SEGMENT_CHUNKS * DIGEST_BYTES
    return leaves[segment * size : (segment + 1) * size]


def _chunks(entry: PackEntry, segment: int) -> int:
    return min(SEGMENT_CHUNKS, entry.chunks - segment * SEGMENT_CHUNKS)


def _asked(damage: Damage) -> bool:
    return NO_NODE in damage.tried
