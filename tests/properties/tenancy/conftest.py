"""Twin nodes for the proofs that organisations learn nothing of each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.properties.tenancy.worlds import Worlds, worlds


@pytest.fixture(scope="package")
def twins(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Worlds]:
    """Build nodes that are only asked."""
    with worlds(tmp_path_factory.mktemp("twins"), sqlite_template) as built:
        yield built


@pytest.fixture
def own_twins(tmp_path: Path, sqlite_template: Path) -> Iterator[Worlds]:
    """Build nodes that a test may store to."""
    with worlds(tmp_path, sqlite_template) as built:
        yield built
