"""A whole node on PostgreSQL: it takes in, seals and serves, and outlives its server's crashes."""

import threading
import time
from pathlib import Path

import pytest
from tests.scale.site import ORGANISATION, QUICK, SCANNER, Reader, exam, send, until

from archipel.app.health import status_of
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.archive.model import PackPlace
from archipel.kernel.errors import ArchipelError
from archipel.testing import postgresql
from archipel.testing.furnished import Peer, furnish
from archipel.testing.running_node import RunningNode

pytestmark = pytest.mark.long


def test_what_was_acknowledged_outlives_crashes_of_the_server(
    server: postgresql.Server, tmp_path: Path
) -> None:
    home = tmp_path / "node"
    tokens = furnish(home, {ORGANISATION: [Peer(SCANNER)]}, database=server.url)
    acked: dict[str, dict[str, str]] = {}
    studies = []
    enough = threading.Event()

    def keep_sending() -> None:
        while not enough.is_set():
            load = exam(6)
            try:
                acked[load[0].study.value] = send(node, load)
                studies.append(load[0].study)
            except ArchipelError:
                time.sleep(0.2)  # the door knows nobody while the database is away

    with RunningNode(home, settings=QUICK) as node, Node.open(Home(home)) as local:
        modality = threading.Thread(target=keep_sending)
        modality.start()
        for _ in range(2):
            before = len(studies)
            until(lambda: len(studies) > before + 1)  # noqa: B023  (asked within the turn)
            server.crash()
            time.sleep(0.5)
            server.start()
        before = len(studies)
        until(lambda: len(studies) > before + 1)
        enough.set()
        modality.join(60)

        assert len(studies) > 5
        with Reader(node, tokens[ORGANISATION]) as reader:
            for study in studies:
                wanted = acked[study.value]
                until(lambda: wanted.items() <= reader.served(study).items())  # noqa: B023  (as above)
            # and everything is sealed, by durable work that was interrupted with the server
            until(lambda: status_of(local).lag.series_to_seal == 0)
            assert {type(one.place) for one in local.holdings.everything()} == {PackPlace}
            for study in studies:
                assert acked[study.value].items() <= reader.served(study).items()
