"""Two nodes' storage: one that has studies, one that takes them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from archipel.kernel.identifiers import TenantId
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
