"""A quiet time that is set anew holds for series that are waiting already."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from archipel.access import enrol
from archipel.access.model import Device, Service
from archipel.app.create import create_node
from archipel.app.health import status_of
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.kernel.aetitle import AETitle
from archipel.protocols.dimse.outgoing import batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.testing.instances import instance
from archipel.testing.running_node import RunningNode

pytestmark = pytest.mark.slow


def quiet_for(seconds: float) -> dict[str, str]:
    return {"ARCHIPEL_ARCHIVE__SERIES_QUIET_S": str(seconds)}


def until(wanted: Callable[[], bool], *, timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while not wanted():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.1)


def delayed(home: Home) -> int:
    with closing(sqlite3.connect(home.work_file, timeout=30)) as queue:
        asked = "SELECT count(*) FROM workflow_status WHERE status = 'DELAYED'"
        return int(queue.execute(asked).fetchone()[0])


def test_a_shorter_quiet_time_seals_what_waits_for_the_longer_one(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    made = create_node(home, name="TEST Ouest", community="test")
    with Node.open(home) as node:
        scanner = Device(
            ae_title=AETitle("TEST_CT"),
            tenant=made.organisation.key,
            host=None,
            port=None,
            may=frozenset({Service.STORE}),
        )
        enrol.register_device(scanner, office=node.office("init"), now=node.clock())
    with RunningNode(home.root, settings=quiet_for(3600)) as running:
        peer = Peer(
            host=running.dicom_host,
            port=running.dicom_port,
            called=made.organisation.ae_titles[0],
            calling=AETitle("TEST_CT"),
        )
        ((proposals, sent),) = batches([instance().outgoing()])
        with sender(peer, proposals) as scu:
            assert [scu.store(one) for one in sent] == [0]
        until(lambda: delayed(home) == 1, timeout_s=20)

    with RunningNode(home.root, settings=quiet_for(0.5)), Node.open(home) as node:
        assert status_of(node).holdings.instances == 1
        until(lambda: status_of(node).lag.series_to_seal == 0, timeout_s=20)
