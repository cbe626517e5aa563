"""A revocation is heeded before the facts that stand before it in a long backlog."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.properties.test_facts import BEGAN, Islet, authority, keys_of, share_everything

from archipel.exchange import chain
from archipel.exchange.model import THE_NETWORK, Author, Draft, NodeName, Peer, Standing
from archipel.exchange.trust import certificates
from archipel.exchange.trust.heads import verifier
from archipel.protocols.peer import wire
from archipel.stores.sql import facts, peers


@pytest.fixture
def islet(tmp_path: Path, sqlite_template: Path) -> Callable[[str], Islet]:
    def made(name: str) -> Islet:
        path = tmp_path / f"{name}.db"
        shutil.copy(sqlite_template, path)
        one = Islet(name, path, [BEGAN])
        share_everything(one)
        with one.database.write() as connection:
            peers.trust(connection, authority().certificate, keeper=NodeName("mq"))
            peers.save(connection, peer("gf"))
        return one

    return made


def peer(name: str) -> Peer:
    return Peer(
        name=NodeName(name),
        address="",
        standing=Standing.ACTIVE,
        authority=certificates.fingerprint(authority().certificate),
        certificate=keys_of(name).certificate,
        since=BEGAN,
    )


def standing(one: Islet, name: str) -> Standing:
    with one.database.read() as connection:
        found = peers.one(connection, NodeName(name))
    assert found is not None
    return found.standing


def revoke(keeper: Islet, name: str) -> None:
    draft = Draft(
        kind="node.revoked",
        subject=f"node:{name}",
        tenant=THE_NETWORK,
        body={"reason": "stolen"},
        author=Author(subject="test"),
    )
    with keeper.database.write() as connection:
        facts.append(connection, draft, now=keeper.now[0])


def backlog(one: Islet, count: int) -> None:
    for number in range(count):
        one.state("study.available", f"study:1.2.{number}", {"revision": 1})


def test_a_revocation_behind_a_backlog_is_heeded_with_the_first_page(islet) -> None:
    mq, gp = islet("mq"), islet("gp")
    backlog(mq, 20)
    revoke(mq, "gf")
    backlog(mq, 5)

    page = wire.unpacked(wire.packed(mq.give(gp, limit=4)))
    assert page.more
    assert [one.fact.kind for one in page.urgent] == ["node.revoked"]
    gp.take(page)

    assert standing(gp, "gf") is Standing.REVOKED
    assert {fact.kind for fact in gp.all()} == {"study.available"}
    while (page := mq.give(gp, limit=4)).links:
        gp.take(page)
    assert [fact.kind for fact in gp.all()].count("node.revoked") == 1
    assert not page.urgent


def test_nobody_but_the_keeper_of_the_authority_revokes_so(islet) -> None:
    mq, gp = islet("mq"), islet("gp")
    backlog(gp, 9)
    revoke(gp, "gf")  # gp keeps no authority

    mq.take(gp.give(mq, limit=4))

    assert standing(mq, "gf") is Standing.ACTIVE


def test_a_revocation_that_was_changed_on_its_way_is_refused(islet) -> None:
    mq, gp = islet("mq"), islet("gp")
    backlog(mq, 9)
    revoke(mq, "gf")
    page = mq.give(gp, limit=4)
    (honest,) = page.urgent
    content = honest.fact.content.replace(b"node:gf", b"node:gp")
    forged = replace(honest, fact=chain.read(content, previous=honest.fact.previous))

    check = verifier(authority().certificate, revoked=lambda _: False)
    taken = gp.facts.take(replace(page, urgent=(forged,)), verify=check, now=BEGAN)

    assert any("its head does not prove" in why for why in taken.refused)
    assert standing(gp, "gf") is Standing.ACTIVE
