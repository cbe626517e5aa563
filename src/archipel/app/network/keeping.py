"""Keeps what is known of the lines where other processes read it, and their journal.

Also states once, as a fact, how this node is called and where it stands, so that every node of
the archipelago can place it on its map, also one that it was never connected to.
"""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from archipel.app.archipelago import LINKS_FILE
from archipel.app.home import noted
from archipel.app.network.told import Told
from archipel.app.wiring import Node
from archipel.exchange.links import (
    Board,
    Line,
    LineChange,
    LinkState,
    Meter,
    change_between,
    sampled,
)
from archipel.exchange.model import THE_NETWORK, Author, Draft, NodeName
from archipel.kernel.errors import ArchipelError
from archipel.protocols.peer.link_puller import LinkPuller
from archipel.stores.sql import facts

LOG = logging.getLogger(__name__)
TOLD_FILE = "lines.json"
_EVERY_S = 1.0
_DESCRIBE_EVERY_S = 60.0
SITES = 40


@dataclass(kw_only=True)
class LineKeeper:
    """Writes the board down, each second, when something changed."""

    node: Node
    board: Board
    pullers: Mapping[str, LinkPuller]
    told: Mapping[str, Told]
    _meters: dict[str, Meter] = field(default_factory=dict)
    _before: dict[NodeName, LinkState] = field(default_factory=dict)

    async def keep(self, stopping: asyncio.Event) -> None:
        """Keep until told to stop."""
        described_s = -_DESCRIBE_EVERY_S
        written: dict[str, bytes] = {}
        while not stopping.is_set():
            if time.monotonic() - described_s >= _DESCRIBE_EVERY_S:
                described_s = time.monotonic()
                with suppress(ArchipelError):
                    await asyncio.to_thread(describe, self.node)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _EVERY_S)
            await self._note(self.node.clock())
            contents = {
                LINKS_FILE: json.dumps(
                    [msgspec.to_builtins(_plain(one)) for one in self.board.all()]
                ).encode(),
                TOLD_FILE: msgspec.json.encode(dict(self.told)),
            }
            for name, content in contents.items():
                if written.get(name) != content and await asyncio.to_thread(
                    noted, self.node.home.run / name, content
                ):
                    written[name] = content

    async def _note(self, now: datetime) -> None:
        """Note rates, one more point of the hour, and what the journal should say."""
        changes: list[LineChange] = []
        for state in self.board.all():
            name = state.peer.value
            puller = self.pullers.get(name)
            total = state.feed_bytes + (puller.taken_bytes if puller else 0)
            bps = self._meters.setdefault(name, Meter()).read(total, now_s=time.monotonic())
            self.board.note(state.peer, goodput_bps=round(bps))
            self.board.change(state.peer, lambda held: sampled(held, now=now))
            after = self.board.of(state.peer)
            before = self._before.get(state.peer)
            if before is None:
                before = await asyncio.to_thread(self._remembered, after)
            if (change := change_between(before, after)) is not None:
                changes.append(change)
            self._before[state.peer] = after
        with suppress(ArchipelError):
            await asyncio.to_thread(self.node.lines.note, changes)

    def _remembered(self, state: LinkState) -> LinkState:
        """Return the state that the journal ends in: a restart is no cut."""
        last = self.node.lines.last(state.peer)
        if last is None:
            return replace(state, state=Line.UNREACHED, since=None)
        return replace(state, state=last.line, since=last.at)


def describe(node: Node) -> None:
    """State how this node is called and where it stands, unless that was said already."""
    tenants = sorted(node.organisations.tenants(), key=lambda one: one.value)[:SITES]
    found = [node.organisations.organisation(tenant=tenant) for tenant in tenants]
    body = {
        "name": node.settings.node.name[:128],
        "community": node.settings.node.community[:64],
        "sites": [one.name for one in found if one is not None],
    }
    with node.database.read() as connection:
        name = facts.own(connection).node
    said = node.lines.described().get(name.value)
    if said is not None and said[0] == body:
        return
    draft = Draft(
        kind="node.described",
        subject=f"node:{name}",
        tenant=THE_NETWORK,
        body=body,
        author=Author(subject="system:peer"),
    )
    with node.database.write() as connection:
        facts.append(connection, draft, now=node.clock())


def _plain(state: LinkState) -> dict[str, Any]:
    return {**asdict(state), "peer": state.peer.value, "state": state.state.value}
