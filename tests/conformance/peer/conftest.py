"""Real nodes in processes of their own, with peer doors on loopback."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from archipel.app import archipelago
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.exchange.fold import state
from archipel.exchange.model import Author, Capability, Draft, NodeName, Purpose
from archipel.exchange.trust.tokens import Token
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql import facts
from archipel.testing.running_node import RunningNode

EVERYTHING = frozenset(Capability) - {Capability.FEED}
CARE = frozenset({Purpose.TREATMENT, Purpose.EMERGENCY})
ARCHIVE = Author(subject="system:archive")


@dataclass
class Island:
    """One node: its processes and, beside them, its ports."""

    name: NodeName
    tenant: TenantId
    node: Node
    running: RunningNode

    def state(self, number: int = 1, *, kind: str = "study.available", **body: object) -> None:
        """State something of a study of ours."""
        with self.node.database.write() as connection:
            facts.append(
                connection,
                Draft(
                    kind=kind,
                    subject=f"study:1.2.{number}",
                    tenant=self.tenant,
                    body={"rev": 1, **body},
                    author=ARCHIVE,
                ),
                now=self.node.clock(),
            )

    def share_with(self, peer: NodeName, may: frozenset[Capability] = EVERYTHING) -> None:
        archipelago.agree(self.node, peer, self.tenant, may=may, purposes=CARE, by="test")

    def subjects(self, tenant: TenantId) -> set[str]:
        return {one.subject for one in self.node.facts.everything() if one.tenant == tenant}

    def hash(self) -> str:
        return state.whole(self.node.facts.everything())


def until(truth: Callable[[], object], *, timeout_s: float = 20) -> float:
    """Wait until something is true; returns the seconds it took."""
    began = time.monotonic()
    while not truth():
        assert time.monotonic() - began < timeout_s, "it did not become true"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture
def island(tmp_path: Path) -> Iterator[Callable[..., Island]]:
    """Make and run a node of that name."""
    made: list[Island] = []

    def make(name: str, **settings: str) -> Island:
        home = Home(tmp_path / name)
        created = create_node(home, name=f"CH {name}", community=name)
        peer = {"ARCHIPEL_PEER__LISTEN": "127.0.0.1:0"} | settings
        running = RunningNode(home.root, settings=peer)
        running.start()
        node = Node(home, home.settings())
        made.append(Island(NodeName(name), created.organisation.key, node, running))
        return made[-1]

    yield make
    for one in made:
        one.node.close()
        one.running.stop()


def enrol(joiner: Island, keeper: Island, *, url: str = "") -> None:
    """Let one node into the archipelago of another."""
    invited = archipelago.invite(keeper.node, joiner.name, by="test")
    until(lambda: _answers(keeper))
    token = Token.parse(str(invited.token))
    archipelago.join(joiner.node, url or invited.url, token, by="test")


def _answers(keeper: Island) -> bool:
    return (keeper.node.home.peer_keys / "node.pem").exists()
