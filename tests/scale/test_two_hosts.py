"""Two hosts over one database and one object store: one node, whichever of them is asked."""

import json
import os
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.scale.site import ORGANISATION, QUICK, SCANNER, Reader, exam, send, until

from archipel.app.health import status_of
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.archive.model import PackPlace
from archipel.kernel.uid import Uid
from archipel.stores.packs.bucket import BucketAddress
from archipel.stores.sql.schema.events import dead_letter, outbox
from archipel.stores.sql.schema.hosts import lease
from archipel.testing import postgresql
from archipel.testing.furnished import Peer, furnish
from archipel.testing.objects.server import settings_of
from archipel.testing.running_node import RunningNode

pytestmark = pytest.mark.long


def pid_of(node: RunningNode, role: str) -> int:
    said = json.loads((node.home / "run" / "processes.json").read_text())
    return int(said["roles"][role]["pid"])


def test_one_is_stopped_woken_and_killed_and_nothing_is_lost_or_done_twice(
    server: postgresql.Server, bucket: BucketAddress, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    tokens = furnish(first, {ORGANISATION: [Peer(SCANNER)]}, database=server.url)
    second.mkdir()
    for name in ("settings.toml", "keys"):
        copy = shutil.copytree if (first / name).is_dir() else shutil.copy
        copy(first / name, second / name)
    (second / "run").mkdir()
    shared = QUICK | settings_of(bucket) | {"ARCHIPEL_DATABASE__LEASE_S": "5"}
    acked: dict[Uid, dict[str, str]] = {}

    with (
        RunningNode(second, settings=shared | {"ARCHIPEL_NODE__NUMBER": "2"}) as b,
        Node.open(Home(first)) as local,
        Reader(b, tokens[ORGANISATION]) as reader,
    ):
        a = RunningNode(first, settings=shared)
        a.start()
        try:
            together = exam(10)  # one series by way of both hosts at once
            study = together[0].study
            acked[study] = send(a, together[:5]) | send(b, together[5:])
            for node in (a, b, a, b):
                load = exam(4)
                acked[load[0].study] = send(node, load)
            until(lambda: status_of(local).lag.series_to_seal == 0)
            assert {type(one.place) for one in local.holdings.everything()} == {PackPlace}
            for study, wanted in acked.items():
                assert reader.served(study) == wanted

            worker = pid_of(a, "work")
            fence = fence_of(local, "work-1")
            os.kill(worker, signal.SIGSTOP)  # whatever it is doing
            for node in (a, b, b):
                load = exam(4)
                acked[load[0].study] = send(node, load)
            until(lambda: fence_of(local, "work-1") > fence)  # b took its work over
            os.kill(worker, signal.SIGCONT)
            until(lambda: pid_of(a, "work") != worker)  # it ended itself, and was started again
            until(lambda: status_of(local).lag.series_to_seal == 0)
        finally:
            a.kill()
        load = exam(4)
        acked[load[0].study] = send(b, load)
        until(lambda: status_of(local).lag.series_to_seal == 0)
        for study, wanted in acked.items():
            assert reader.served(study) == wanted
        sealed, letters = told_twice(local)
        assert max(sealed.values()) == 1
        assert not letters
    assert not list((first / "packs").glob("*/*.pack"))


def fence_of(node: Node, name: str) -> int:
    with node.database.read() as connection:
        query = select(lease.c.fence).where(lease.c.name == name)
        return int(connection.execute(query).scalar_one())


def told_twice(node: Node) -> tuple[Counter[tuple[str, int]], list[object]]:
    """Count the publications of each generation of a series; return the dead letters too."""
    with node.database.read() as connection:
        facts = connection.execute(
            select(outbox.c.body).where(outbox.c.kind == "archive.SeriesSealed")
        ).scalars()
        sealed = Counter((str(fact["series"]), int(fact["generation"])) for fact in facts)
        return sealed, list(connection.execute(select(dead_letter)).all())
