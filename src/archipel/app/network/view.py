"""Gathers the network page from what the peer process wrote down and from the node's own state."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from archipel.app import archipelago
from archipel.app.network.told import WATCHED_FILE, Told, ToldLine, Waits, waiting
from archipel.app.transfer.packs import time_of_day
from archipel.app.wiring import Node
from archipel.exchange.caps import caps_of
from archipel.exchange.errors import NoLog
from archipel.exchange.links import Line
from archipel.exchange.model import Peer
from archipel.exchange.schedule import TransferClass
from archipel.protocols.web.models.network import (
    LineDetail,
    LineState,
    NetworkCap,
    NetworkChange,
    NetworkLink,
    NetworkNode,
    NetworkQueue,
    NetworkSample,
    NetworkView,
    NodeStates,
    Works,
)

TOLD_FILE = "lines.json"
JOURNAL = 50


@dataclass(frozen=True, slots=True)
class _Known:
    """What the parts are made from."""

    node: Node
    here: str
    peers: Sequence[Peer]
    states: Mapping[str, Mapping[str, Any]]  # `LinkState` as plain values
    told: Mapping[str, Told]
    described: Mapping[str, tuple[dict[str, Any], datetime]]

    def state(self, name: str) -> LineState:
        """Return whether a peer answers; what a dead peer process wrote is not believed."""
        return cast("LineState", self.states.get(name, {}).get("state", Line.UNREACHED.value))


def network_of(node: Node, *, complete: bool) -> NetworkView:
    """Describe the archipelago as this node knows it. `complete`: for administrators.

    A node that is in no archipelago describes itself alone.
    """
    with suppress(OSError):
        (node.home.run / WATCHED_FILE).touch()
    known = _known(node)
    names = {one.name.value for one in known.peers}
    links = [_own_link(known, one, complete=complete) for one in known.peers if one.active]
    drawn = {frozenset((one.a, one.b)) for one in links}
    for told in known.told.values():
        for line in told.lines:
            pair = frozenset((told.node, line.peer))
            if pair not in drawn and line.peer in names:
                drawn.add(pair)
                links.append(_told_link(told, line))
    return NetworkView(
        here=known.here,
        as_of=node.clock(),
        complete=complete,
        switches=False,
        nodes=[_self(known), *(_peer(known, one) for one in known.peers)],
        links=links,
        works=_works(known),
        journal=_journal(node, complete=complete),
    )


def _known(node: Node) -> _Known:
    try:
        here = archipelago.own_name(node).value
    except NoLog:
        here = node.settings.peer.name or node.settings.node.community
    alive = _peer_process_runs(node)
    return _Known(
        node=node,
        here=here,
        peers=node.peers.all(),
        states=archipelago.links(node) if alive else {},
        told=_told(node.home.run / TOLD_FILE) if alive else {},
        described=node.lines.described(),
    )


def _told(path: Path) -> Mapping[str, Told]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Told])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


def _peer_process_runs(node: Node) -> bool:
    try:
        running = json.loads((node.home.run / "processes.json").read_text())
        os.kill(int(running["roles"]["peer"]["pid"]), 0)
    except (FileNotFoundError, ValueError, KeyError, TypeError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _self(known: _Known) -> NetworkNode:
    told = known.node.settings.node
    tenants = sorted(known.node.organisations.tenants(), key=lambda one: one.value)
    found = [known.node.organisations.organisation(tenant=tenant) for tenant in tenants]
    return NetworkNode(
        name=known.here,
        title=told.name,
        community=told.community,
        sites=[one.name for one in found if one is not None],
        here=True,
        state="here",
        since=None,
        last_heard=known.node.clock(),
    )


def _peer(known: _Known, peer: Peer) -> NetworkNode:
    name = peer.name.value
    body, _ = known.described.get(name, ({}, None))
    state = known.states.get(name, {})
    told = known.told.get(name)
    heard = [at for at in (_at(state.get("feed_at")), told.at if told else None) if at]
    return NetworkNode(
        name=name,
        title=str(body.get("name") or name),
        community=str(body.get("community") or ""),
        sites=[str(one) for one in body.get("sites", ())],
        here=False,
        state=known.state(name) if peer.active else "revoked",
        since=_at(state.get("since")),
        last_heard=max(heard, default=None),
    )


def _own_link(known: _Known, peer: Peer, *, complete: bool) -> NetworkLink:
    name = peer.name.value
    state = known.states.get(name, {})
    up = known.state(name) == Line.UP.value
    return NetworkLink(
        a=known.here,
        b=name,
        told_by=known.here,
        as_of=known.node.clock(),
        state=known.state(name),
        since=_at(state.get("since")),
        rtt_ms=state.get("rtt_ms") if up else None,
        rtt_min_ms=state.get("rtt_min_ms"),
        loss_pct=state.get("loss_pct") if up else None,
        bps=state.get("goodput_bps") if up else 0,
        queues=[*_incoming(known, name, up=up), *_outgoing(known, name, up=up)],
        samples=[
            NetworkSample(at=one["at"], rtt_ms=one["rtt_ms"], bps=one["bps"])
            for one in state.get("samples", ())
        ],
        detail=_detail(known, peer, state) if complete else None,
    )


def _detail(known: _Known, peer: Peer, state: Mapping[str, Any]) -> LineDetail:
    mbit = known.node.settings.peer.line_in_mbit
    return LineDetail(
        address=peer.address,
        congestion=str(state.get("congestion", "")),
        cap_bps=mbit * 1e6 if mbit else None,
        caps=list(_caps(known, peer)),
        states=_states(state),
        facts_waiting=int(state.get("waiting", 0)),
        last_error=str(state.get("last_error", "")),
        certificate_days=state.get("certificate_days"),
    )


def _caps(known: _Known, peer: Peer) -> Iterable[NetworkCap]:
    at = time_of_day(known.node)
    for one in caps_of(known.node.settings.peer.caps):
        if one.concerns(peer.name.value):
            yield NetworkCap(
                of_class=one.of_class.value if one.of_class else None,
                bps=one.mbit * 1e6,
                since=one.since.isoformat("minutes") if one.since else None,
                until=one.until.isoformat("minutes") if one.until else None,
                holds=one.holds(at),
            )


def _states(state: Mapping[str, Any]) -> NodeStates:
    differing = [str(kind) for kind in state.get("states_differing", ())]
    compared_at = _at(state.get("states_compared_at"))
    verdict: Literal["equal", "differs", "unknown", "withheld"]
    if compared_at is None:
        verdict = "withheld" if state.get("states_withheld") else "unknown"
    else:
        verdict = "differs" if differing else "equal"
    return NodeStates(
        state=verdict,
        since=_at(state.get("states_since")),
        compared_at=compared_at,
        differing=differing,
    )


def _told_link(told: Told, line: ToldLine) -> NetworkLink:
    up = line.state == Line.UP.value
    return NetworkLink(
        a=told.node,
        b=line.peer,
        told_by=told.node,
        as_of=told.at,
        state=cast("LineState", line.state),
        since=line.since,
        rtt_ms=line.rtt_ms if up else None,
        rtt_min_ms=None,
        loss_pct=line.loss_pct if up else None,
        bps=line.bps if up else 0,
        queues=[],
        samples=[],
        detail=None,
    )


def _incoming(known: _Known, peer: str, *, up: bool) -> Iterable[NetworkQueue]:
    """Give what is to come from a peer, each class behind those more urgent."""
    window = known.node.transfers.window(peer)
    now_bps = known.states.get(peer, {}).get("goodput_bps") or 0.0
    rate_bps = max(window[0] * 8 if window else 0.0, now_bps) if up else 0.0
    return _queues(waiting(known.node).get(peer, {}), "in", rate_bps)


def _outgoing(known: _Known, peer: str, *, up: bool) -> Iterable[NetworkQueue]:
    """Give what a peer waits for from here, as it said last; how fast it comes it knows."""
    told = known.told.get(peer)
    del up
    return _queues(told.waits, "out", 0.0) if told else []


def _queues(waits: Mapping[str, Waits], way: str, rate_bps: float) -> Iterable[NetworkQueue]:
    ahead = 0
    for of_class in TransferClass:
        one = waits.get(of_class.value)
        if one is None:
            continue
        ahead += one.bytes
        known = rate_bps > 0 and one.bytes > 0
        yield NetworkQueue(
            of_class=of_class.value,
            way="in" if way == "in" else "out",
            studies=one.studies,
            bytes=one.bytes,
            eta_s=round(ahead * 8 / rate_bps, 1) if known else None,
        )


def _works(known: _Known) -> list[Works]:
    """Say what goes on at this site now, whatever the lines do."""
    refused = known.node.journal.health.reason()
    active = [one.name.value for one in known.peers if one.active]
    away = [name for name in active if known.state(name) != Line.UP.value]
    far: Literal["ok", "partial", "stopped"] = (
        "ok" if not away else "stopped" if len(away) == len(active) else "partial"
    )
    found = [
        Works(
            what="receive",
            state="ok" if refused is None else "stopped",
            nodes=[],
            detail=refused or "",
        ),
        *(
            Works(what=what, state="ok", nodes=[], detail="")
            for what in ("read", "sign", "portal")
        ),
    ]
    if active:
        found += [
            Works(what=what, state=far, nodes=away, detail="") for what in ("foreign", "requests")
        ]
    return found


def _journal(node: Node, *, complete: bool) -> list[NetworkChange]:
    return [
        NetworkChange(
            at=one.at,
            peer=one.peer.value,
            state=one.line.value,
            lasted_s=one.lasted_s,
            detail=one.detail if complete else "",
        )
        for one in node.lines.recent(limit=JOURNAL)
    ]


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
