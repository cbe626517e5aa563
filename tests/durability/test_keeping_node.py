"""A real node, in processes, watches over what it keeps: rot on its disk, and its second disk."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.keeping.conftest import flip

from archipel.access import enrol
from archipel.access.model import Device, Service
from archipel.app.create import create_node
from archipel.app.health import status_of
from archipel.app.home import Home
from archipel.app.keeping.scrubbing import Room, room_of
from archipel.app.wiring import Node
from archipel.archive.keeping.model import MendedBy
from archipel.kernel.uid import Uid
from archipel.testing.archipelago.islands import MODALITY, QUICK, store
from archipel.testing.archipelago.travelling import ct_study
from archipel.testing.running_node import RunningNode

ALWAYS = str(1 / 86400 / 10)  # days: ten scrubs a second, as far as it goes


def until(wanted: Callable[[], bool], *, within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.1)


def laid_off(room: Room, cold: Path, images: int) -> Path | None:
    """Give the cold pack of the only series, once it holds all of it."""
    for shelf in room.reading.shelves.after(0, limit=9):
        for pack in shelf.packs if shelf.sealed and len(shelf.held) == images else ():
            if (cold / pack).exists() and not (room.node.home.packs / pack).exists():
                return cold / pack
    return None


@pytest.mark.slow
def test_a_running_node_mends_what_rotted_on_its_second_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, cold = Home(tmp_path / "home"), tmp_path / "cold"
    tenant = create_node(home, name="TEST", community="test").organisation.key
    study = ct_study(Uid.fresh(), images=4, side=128)
    with Node.open(home) as node:
        scanner = Device(
            ae_title=MODALITY,
            tenant=tenant,
            host=None,
            port=None,
            may=frozenset({Service.STORE}),
        )
        enrol.register_device(scanner, office=node.office("test"), now=node.clock())
    settings = QUICK | {
        "ARCHIPEL_KEEPING__SCRUB_EVERY_DAYS": ALWAYS,
        "ARCHIPEL_KEEPING__COLD_PATH": str(cold),
        "ARCHIPEL_KEEPING__COLD_AFTER_DAYS": "0",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)  # the node's own, and this process's view of it
    with RunningNode(home.root) as running:
        store(running, tenant, study)
        with Node.open(home) as node:
            room = room_of(node)
            until(lambda: laid_off(room, cold, len(study)) is not None)  # nobody read it
            pack = laid_off(room, cold, len(study))
            assert pack is not None

            flip(pack, pack.stat().st_size // 2)

            until(lambda: any(one.mended_at for one in room.ledger.latest()))
            (damage,) = room.ledger.latest()
            assert damage.found.name == f"{tenant}/{pack.name}"
            assert damage.mended_by is MendedBy.JOURNAL
            assert not status_of(node).alarms
            digests = {
                held.key.sop_instance: hashlib.sha256(room.reading.contents.dataset(held)).digest()
                for shelf in room.reading.shelves.after(0, limit=9)
                for held in shelf.held
            }
        assert digests == {uid: hashlib.sha256(content).digest() for uid, content in study.items()}
