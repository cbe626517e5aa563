"""Two nodes' storage: one that has studies, one that takes them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from archipel.exchange.model import Agreement, Capability, NodeName, Purpose
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql import peers
from archipel.testing.archipelago.travelling import TravellingNode

HOME, AWAY = TenantId("chu-guadeloupe"), TenantId("chu-martinique")


@pytest.fixture
def source(tmp_path: Path) -> Iterator[TravellingNode]:
    node = TravellingNode(tmp_path / "gp", name="gp", tenant=HOME)
    yield node
    node.close()


@pytest.fixture
def reader(tmp_path: Path, source: TravellingNode) -> Iterator[TravellingNode]:
    node = TravellingNode(tmp_path / "mq", name="mq", tenant=AWAY)
    node.hear_of(source)
    yield node
    node.close()


def shared_entirely(source: TravellingNode, reader: TravellingNode) -> None:
    """Let `reader` know and do everything with what `source` has."""
    agreed = Agreement(
        home=NodeName(source.name),
        tenant=source.tenant,
        peer=NodeName(reader.name),
        capabilities=frozenset(Capability),
        purposes=frozenset(Purpose),
    )
    with source.database.write() as connection:
        peers.keep_agreement(connection, agreed, clock="")
