"""A node moves from SQLite and files to PostgreSQL and an object store, killed and run again."""

import json
import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from blake3 import blake3
from sqlalchemy import insert, select, text
from tests.scale.site import (
    ORGANISATION,
    QUICK,
    SCANNER,
    Reader,
    exam,
    send,
    until,
)

from archipel.app.health import status_of
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.archive.events import SeriesReceived
from archipel.archive.model import PackPlace
from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Conflict
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.packs.bucket import BucketAddress
from archipel.stores.sql.moving import proof, rows
from archipel.stores.sql.outbox import announce
from archipel.stores.sql.schema.events import outbox
from archipel.stores.sql.session import Database, open_database
from archipel.testing.furnished import Peer, furnish
from archipel.testing.instances import Instance
from archipel.testing.running_node import RunningNode
from archipel.testing.storage_node import StorageNode

FACTS = 20_000  # rows of the outbox: enough that a copy takes a while
CHU = TenantId(ORGANISATION)


def target_file(folder: Path, database: str, bucket: BucketAddress) -> Path:
    file = folder / "large.toml"
    file.write_text(
        f'[database]\nurl = "{database}"\n\n[objects]\nurl = "{bucket.url}"\n'
        f'endpoint = "{bucket.endpoint}"\naccess_key = "{bucket.access_key}"\n'
        f'secret_key = "{bucket.secret_key}"\n'
    )
    return file


def command(home: Path, file: Path, *more: str) -> list[str]:
    words = ["move-stores", "--home", str(home), "--to", str(file), "--json", *more]
    return [sys.executable, "-m", "archipel", *words]


def stored(home: Path, load: list[Instance]) -> dict[str, str]:
    """Take instances in and seal them, without the processes of a node."""
    node = StorageNode(home)
    node.replay()
    for one in load:
        node.receive(one.dataset, tenant=CHU, issuer="CHU")
    while node.catch_up().stored:
        pass
    node.later(timedelta(hours=1))
    node.seal()
    node.close()
    return {one.sop_instance.value: blake3(one.dataset).hexdigest() for one in load}


def kept(home: Path) -> dict[str, str]:
    with Node.open(Home(home)) as node:
        held = list(node.holdings.everything())
        assert {type(one.place) for one in held} == {PackPlace}
        return {
            one.key.sop_instance.value: blake3(node.contents.dataset(one)).hexdigest()
            for one in held
        }


def many_facts(home: Path) -> None:
    row = {"kind": "test.Fact", "tenant": "chu", "at": utc_now(), "body": {"é": [1, None]}}
    with Node.open(Home(home)) as node, node.database.write() as connection:
        connection.execute(insert(outbox), [row] * FACTS)


@pytest.mark.long
def test_a_move_that_is_killed_again_and_again_ends_with_the_same_node(
    fresh_postgresql: str, bucket: BucketAddress, tmp_path: Path
) -> None:
    home = tmp_path / "node"
    furnish(home, {ORGANISATION: [Peer(SCANNER)]})
    sent = stored(home, [one for _ in range(4) for one in exam(3)])
    many_facts(home)
    file = target_file(tmp_path, fresh_postgresql, bucket)
    with Node.open(Home(home)) as node:
        before = proof.sums(node.database)
    moments = random.Random(20261124)  # noqa: S311  (moments, not secrets)

    for _ in range(3):
        moving = subprocess.Popen(command(home, file, "--switch"), stdout=subprocess.DEVNULL)
        time.sleep(moments.uniform(1.0, 3.0))
        moving.kill()
        moving.wait(30)
    done = subprocess.run(
        command(home, file, "--switch"), check=False, capture_output=True, text=True, timeout=200
    )

    assert done.returncode == 0 or "lie in an object store already" in done.stderr, done.stderr
    assert 'url = "postgresql' in (home / "settings.toml").read_text()
    assert (home / "settings.toml.before-move").exists()
    with Node.open(Home(home)) as node:
        assert node.database.engine_name == "postgresql"
        assert proof.sums(node.database) == before
        assert node.settings.node.name == "TEST node"
    for pack in (home / "packs").glob("*/*.pack"):
        pack.rename(pack.with_suffix(".old"))  # nothing is read from there any more
    assert kept(home) == sent


@pytest.mark.long
def test_a_node_serves_while_its_packs_are_copied_and_goes_on_after_the_switch(
    fresh_postgresql: str, bucket: BucketAddress, tmp_path: Path
) -> None:
    home = tmp_path / "node"
    tokens = furnish(home, {ORGANISATION: [Peer(SCANNER)]})
    file = target_file(tmp_path, fresh_postgresql, bucket)
    acked: dict[Uid, dict[str, str]] = {}

    def take_in(node: RunningNode) -> None:
        load = exam(4)
        acked[load[0].study] = send(node, load)

    def sealed() -> None:
        with Node.open(Home(home)) as local:
            until(lambda: status_of(local).lag.series_to_seal == 0)

    with RunningNode(home, settings=QUICK) as node:
        take_in(node)
        sealed()
        refused = subprocess.run(
            command(home, file, "--switch"),
            check=False,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert refused.returncode == 1
        assert "the node runs" in refused.stderr
        copying = subprocess.Popen(command(home, file), stdout=subprocess.PIPE, text=True)
        take_in(node)
        said, _ = copying.communicate(timeout=100)
        assert json.loads(said)[0]["packs"] >= 1
        take_in(node)  # and this waits for its sealing, as durable work, when the node stops
    done = subprocess.run(
        command(home, file, "--switch"), check=False, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    with RunningNode(home, settings=QUICK) as node, Reader(node, tokens[ORGANISATION]) as reader:
        take_in(node)
        sealed()
        for study, wanted in acked.items():
            assert reader.served(study) == wanted
    assert kept(home) == {uid: digest for each in acked.values() for uid, digest in each.items()}


@pytest.fixture
def target(fresh_postgresql: str):
    opened = open_database(fresh_postgresql)
    yield opened
    opened.close()


def filled(database: Database, count: int) -> None:
    with database.write() as connection:
        for _ in range(count):
            announce(
                connection,
                SeriesReceived(tenant=CHU, at=utc_now(), study=Uid("1.2"), series=Uid("1.2.3")),
            )


def test_a_copy_goes_on_where_it_was_and_begins_again_for_another_state(
    sqlite_database: Database, target: Database
) -> None:
    filled(sqlite_database, 2500)
    rows.begin(target, "first")
    steps = rows.copied(sqlite_database, target, "first")
    next(steps)
    steps.close()  # killed
    rows.begin(target, "first")
    assert sum(1 for _ in rows.copied(sqlite_database, target, "first")) == 2  # of three
    filled(sqlite_database, 1)  # the node was started meanwhile
    rows.begin(target, "second")
    assert sum(1 for _ in rows.copied(sqlite_database, target, "second")) == 3
    assert proof.sums(target) == proof.sums(sqlite_database)
    with sqlite_database.write() as connection:
        connection.execute(text("DELETE FROM outbox WHERE id = 2501"))  # the newest was swept
    with target.write() as connection:
        connection.execute(text("DELETE FROM outbox WHERE id = 2501"))
    rows.finish(sqlite_database, target)
    filled(target, 1)
    with target.read() as connection:
        numbers = connection.execute(select(outbox.c.id)).scalars().all()
    assert max(numbers) == 2502  # no number is given twice


def test_a_value_that_is_another_is_seen(sqlite_database: Database, target: Database) -> None:
    filled(sqlite_database, 3)
    rows.begin(target, "x")
    assert len(list(rows.copied(sqlite_database, target, "x"))) == 1
    assert proof.sums(target) == proof.sums(sqlite_database)
    with target.write() as connection:
        connection.execute(text("UPDATE outbox SET tenant = 'chy' WHERE id = 2"))
    wrong = proof.sums(target)
    assert wrong["outbox"] != proof.sums(sqlite_database)["outbox"]
    assert wrong["outbox"].rows == 3


def test_a_database_that_holds_anything_else_is_not_moved_into(target: Database) -> None:
    filled(target, 1)
    with pytest.raises(Conflict, match="holds rows already"):
        rows.begin(target, "x")
