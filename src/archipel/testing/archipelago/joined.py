"""Whole nodes of an archipelago on loopback: for tests and demonstrations."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from archipel.app import archipelago
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.exchange.fold import state
from archipel.exchange.model import Author, Capability, Draft, Fact, NodeName, Purpose
from archipel.kernel.errors import Unavailable
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql import facts
from archipel.testing.running_node import RunningNode

EVERYTHING = frozenset(Capability) - {Capability.FEED}
CARE = frozenset({Purpose.TREATMENT, Purpose.EMERGENCY})
_BY = "operator"


@dataclass
class Island:
    """One node: its processes and, beside them, its ports. A context manager."""

    name: str
    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        place = Home(self.home)
        if not place.settings_file.exists():
            create_node(place, name=f"CH {self.name}", community=self.name)
        self.node = Node(place, place.settings())
        door = {"ARCHIPEL_PEER__LISTEN": "127.0.0.1:0"}
        self.running = RunningNode(self.home, settings=door | dict(self.settings))

    def __enter__(self) -> Self:
        self.running.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.node.close()
        self.running.stop()

    @property
    def called(self) -> NodeName:
        """Return its name in the archipelago."""
        return archipelago.own_name(self.node)

    @property
    def tenant(self) -> TenantId:
        """Return its first organisation."""
        return min(self.node.organisations.tenants())

    def join(self, keeper: "Island", *, url: str = "") -> None:
        """Enter the archipelago that `keeper` keeps the authority of, perhaps over a line."""
        invited = archipelago.invite(keeper.node, self.called, by=_BY)
        archipelago.join(self.node, url or invited.url, invited.token, by=_BY)

    def share_with(self, peer: NodeName, may: frozenset[Capability] = EVERYTHING) -> None:
        """Let a peer know and do these things with what the first organisation has."""
        archipelago.agree(self.node, peer, self.tenant, may=may, purposes=CARE, by=_BY)

    def state(
        self, subject: str, kind: str, body: Mapping[str, Any], *, patient: str = ""
    ) -> Fact:
        """State something of the first organisation."""
        draft = Draft(
            kind=kind,
            subject=subject,
            tenant=self.tenant,
            body=body,
            author=Author(subject="system:test"),
            patient=patient,
        )
        with self.node.database.write() as connection:
            return facts.append(connection, draft, now=self.node.clock())

    def state_hash(self) -> str:
        """Return one hash over what it knows of everything."""
        return state.whole(self.node.facts.everything())


def until(truth: Callable[[], object], *, timeout_s: float = 20, every_s: float = 0.02) -> float:
    """Wait until something is true; returns the seconds it took. Raises `Unavailable`."""
    began = time.monotonic()
    while not truth():
        if time.monotonic() - began > timeout_s:
            raise Unavailable(f"it did not become true within {timeout_s} s")
        time.sleep(every_s)
    return time.monotonic() - began
