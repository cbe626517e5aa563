"""How a node is: what runs, what waits, what is wrong. For the node page and the command line."""

import json
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import archipel
from archipel.app.archipelago import links
from archipel.app.home import Home
from archipel.app.keeping.tiering import told as tiers
from archipel.app.operations.letters import WAITING
from archipel.app.peer_keys import PeerKeys
from archipel.app.wiring import Node
from archipel.protocols.web.models.node import (
    Alarm,
    Disk,
    Door,
    Holdings,
    Lag,
    Lane,
    NodeStatus,
    ProcessView,
    Scrub,
)
from archipel.protocols.web.models.session import NodeBrief
from archipel.stores.sql import outbox
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.keeping.ledger import SqlLedger

SEAL = "seal"  # the subscriber whose backlog is shown
ROLE_OF_DOOR = {"http": "web", "dicom": "dimse"}
NEARLY_FULL = 0.1  # of the disk


def status_of(node: Node) -> NodeStatus:
    """Gather all that the node page shows. Raises `Unavailable` when the index is away."""
    running = _read(node, "processes.json")
    writer = _read(node, "index.json")
    totals = node.totals.totals()
    reason = node.journal.health.reason()
    disk = shutil.disk_usage(node.home.root)
    segments = node.segments.sizes()
    return NodeStatus(
        node=_brief(node),
        started_at=_started(running, node.clock()),
        server_time=node.clock(),
        read_only=reason is not None,
        read_only_reason=reason,
        doors=[
            Door(name=name, address=address, open=_runs(running, ROLE_OF_DOOR[name]))
            for name, address in running.get("doors", {}).items()
        ],
        processes=[
            ProcessView(
                name=role,
                alive=_runs(running, role),
                since=datetime.fromisoformat(one["since"]),
                restarts=one["restarts"],
            )
            for role, one in running.get("roles", {}).items()
        ],
        disk=Disk(total_bytes=disk.total, free_bytes=disk.free),
        holdings=Holdings(
            studies=totals.studies,
            series=totals.series,
            instances=totals.instances,
            bytes=totals.sealed_bytes + sum(segments.values()),
        ),
        lag=Lag(
            journal_bytes=sum(segments.values()),
            unindexed_bytes=sum(segments.values()) - _indexed(node, segments),
            index_lag_s=float(writer.get("lag_p99_ms", 0.0)) / 1000,
            series_to_seal=totals.open_series,
            outbox_waiting=_waiting(node),
        ),
        lanes=[
            Lane(name=name, waiting=waiting)
            for name, waiting in _read(node, WAITING).get("lanes", {}).items()
        ],
        scrub=_scrub(node),
        quarantined=totals.quarantined,
        alarms=[
            *_disk_alarms(reason, disk.free / disk.total),
            *_index_alarms(writer, totals.quarantined),
            *_damage_alarms(node),
            *_tier_alarms(node),
            *_work_alarms(node),
            *_archipelago_alarms(node),
        ],
    )


def figures(status: NodeStatus) -> Mapping[str, Any]:
    """Return the figures that `archipel status` prints."""
    return {
        "state": "read-only" if status.read_only else "ok",
        "doors": " ".join(f"{d.name}={d.address}" for d in status.doors if d.open) or "closed",
        "studies": status.holdings.studies,
        "series": status.holdings.series,
        "instances": status.holdings.instances,
        "kept_bytes": status.holdings.bytes,
        "free_bytes": status.disk.free_bytes,
        "journal_bytes": status.lag.journal_bytes,
        "unindexed_bytes": status.lag.unindexed_bytes,
        "series_to_seal": status.lag.series_to_seal,
        "work_waiting": sum(lane.waiting for lane in status.lanes),
        "quarantined": status.quarantined,
        "scrub_ended_at": status.scrub.ended_at,
        "scrub_objects": status.scrub.objects,
        "damage_open": status.scrub.open_damage,
        "alarms": " ".join(alarm.code for alarm in status.alarms),
    }


def runs(home: Home) -> bool:
    """Tell whether some process of this home's node is there."""
    running = _read_note(home, "processes.json")
    return any(_runs(running, role) for role in running.get("roles", {}))


def _read(node: Node, name: str) -> dict[str, Any]:
    return _read_note(node.home, name)


def _read_note(home: Home, name: str) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads((home.run / name).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return read


def _runs(running: Mapping[str, Any], role: str) -> bool:
    """Tell whether the process of a role is there: a killed node cannot take its word back."""
    pid = running.get("roles", {}).get(role, {}).get("pid")
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there, and somebody else's
        pass
    return True


def _brief(node: Node) -> NodeBrief:
    told = node.settings.node
    return NodeBrief(
        name=told.name,
        community=told.community,
        version=archipel.__version__,
        demo=told.demonstration,
        time_zone=told.time_zone,
    )


def _started(running: Mapping[str, Any], now: datetime) -> datetime:
    since = [datetime.fromisoformat(one["since"]) for one in running.get("roles", {}).values()]
    return min(since, default=now)


def _indexed(node: Node, sizes: Mapping[int, int]) -> int:
    applied = SqlIndex(node.database).applied()
    return sum(min(applied.get(number, 0), size) for number, size in sizes.items())


def _waiting(node: Node) -> int:
    with node.database.read() as connection:
        newest = outbox.last_position(connection)
        return max(0, newest - outbox.position_of(connection, SEAL))


def _disk_alarms(reason: str | None, free: float) -> list[Alarm]:
    alarms = []
    if reason is not None:
        alarms.append(Alarm(code="read_only", since=None, detail=reason))
    if free < NEARLY_FULL:
        alarms.append(Alarm(code="disk_low", since=None, detail=f"{free:.0%}"))
    return alarms


def _index_alarms(writer: Mapping[str, Any], quarantined: int) -> list[Alarm]:
    alarms = []
    if writer.get("waiting_for_database"):
        alarms.append(Alarm(code="index_waiting", since=None, detail=""))
    if quarantined:
        alarms.append(Alarm(code="quarantine", since=None, detail=str(quarantined)))
    return alarms


def _archipelago_alarms(node: Node) -> list[Alarm]:
    """Tell what is not as it should be between nodes.

    Facts that count for nothing, organisations of ours that the others do not listen to, logs
    written by two, and nodes that make something else of the same facts.
    """
    alarms = [
        Alarm(
            code="facts_not_believed",
            since=one.since,
            detail=f"{one.facts} of node {one.node} on {one.tenant}: {one.why.value}",
        )
        for one in node.owners.objected()
    ]
    if PeerKeys(node.home).enrolled:
        alarms += [
            Alarm(code="home_not_stated", since=None, detail=tenant.value)
            for tenant in node.owners.unstated()
        ]
    alarms += [
        Alarm(code="log_forked", since=None, detail=log)
        for log, (_next, _hash, frozen) in node.facts.counts().items()
        if frozen
    ]
    alarms += [
        Alarm(
            code="states_differ",
            since=datetime.fromisoformat(at) if (at := line.get("states_since")) else None,
            detail=f"node {peer}: {' '.join(line['states_differing'])}",
        )
        for peer, line in links(node).items()
        if line.get("states_differing")
    ]
    return alarms


def _scrub(node: Node) -> Scrub:
    ledger = SqlLedger(node.database)
    last, (open_damage, _since) = ledger.last(), ledger.open_count()
    return Scrub(
        began_at=last.began_at if last else None,
        ended_at=last.ended_at if last else None,
        objects=last.objects if last else 0,
        bytes=last.size_bytes if last else 0,
        damaged=last.damaged if last else 0,
        strays=last.strays if last else 0,
        open_damage=open_damage,
    )


def _tier_alarms(node: Node) -> list[Alarm]:
    told = tiers(node)
    if not told.get("away"):
        return []
    return [Alarm(code="cold_away", since=None, detail=told["why"])]


def _damage_alarms(node: Node) -> list[Alarm]:
    """Bytes that lost their digest, and that no second copy has mended yet."""
    ledger = SqlLedger(node.database)
    count, since = ledger.open_count()
    if not count:
        return []
    first = ledger.open_damage(limit=1)[0]
    detail = f"{count}: {first.found.kind.value} {first.found.name}: {first.tried}"
    return [Alarm(code="damage", since=since, detail=detail)]


def _work_alarms(node: Node) -> list[Alarm]:
    """Facts that a subscriber could not handle, however often it was asked."""
    with node.database.read() as connection:
        letters = outbox.dead_letters(connection)
    if not letters:
        return []
    newest = letters[0]
    detail = f"{len(letters)}: {newest.subscriber}: {newest.reason}"
    return [Alarm(code="dead_letters", since=newest.at, detail=detail)]
