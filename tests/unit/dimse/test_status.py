"""Every kind of failure is spoken by every service."""

import pytest

from archipel.archive.errors import MisplacedInstance, ReadOnly
from archipel.kernel.errors import ArchipelError
from archipel.protocols.dimse.errors import NotGranted, OtherInstance
from archipel.protocols.dimse.status import (
    FIND,
    GET,
    MOVE,
    STORE,
    Status,
    Table,
    is_pending,
    is_warning,
    status_of,
)


@pytest.mark.parametrize("table", [STORE, FIND, MOVE, GET])
@pytest.mark.parametrize("kind", ArchipelError.__subclasses__())
def test_every_kind_is_spoken(kind: type[ArchipelError], table: Table) -> None:
    assert kind in table
    assert not is_pending(table[kind])
    assert not is_warning(table[kind])
    assert table[kind] is not Status.SUCCESS


def test_the_nearest_class_decides() -> None:
    assert status_of(MisplacedInstance(""), STORE) == 0xC001
    assert status_of(OtherInstance(""), STORE) == 0xA900
    assert status_of(ReadOnly(""), STORE) == 0xA700
    assert status_of(NotGranted("CT", "store"), STORE) == 0x0124


def test_what_should_not_happen_is_a_processing_failure() -> None:
    assert status_of(ZeroDivisionError(), STORE) == 0x0110
