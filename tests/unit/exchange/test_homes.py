"""Whose word counts on what: a node speaks for the organisations that are at home on it."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archipel.archive.model import StudyKey
from archipel.exchange.homes import HOMED, Objection
from archipel.exchange.model import (
    THE_NETWORK,
    Agreement,
    Author,
    Capability,
    Draft,
    NodeName,
    Peer,
    Purpose,
    Standing,
)
from archipel.exchange.schedule import TransferClass
from archipel.exchange.trust import certificates
from archipel.exchange.trust.heads import verifier
from archipel.exchange.want import Wish, check_home, want
from archipel.kernel.errors import Conflict
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql import facts, peers
from archipel.stores.sql.feed import SqlFacts
from archipel.stores.sql.peering.homes import SqlOwners
from archipel.stores.sql.session import open_database
from archipel.stores.sql.transfers import SqlTransfers

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
GP, MQ = TenantId("chu-gp"), TenantId("chu-mq")


@dataclass
class Islet:
    """One node: a real database and the keys to sign with. `mq` keeps the authority."""

    name: str
    certificate: str
    key: str
    authority: certificates.Authority
    path: Path

    def __post_init__(self) -> None:
        self.database = open_database(f"sqlite:///{self.path}")
        self.facts = SqlFacts(self.database, clock=lambda: NOW)
        self.owners = SqlOwners(self.database)
        with self.database.write() as connection:
            facts.open_log(connection, NodeName(self.name), now=NOW)
            peers.trust(connection, self.authority.certificate, keeper=NodeName("mq"))

    def sign(self, content: bytes) -> bytes:
        return certificates.sign(self.key, content)

    def state(self, kind: str, subject: str, tenant: TenantId, **body: object) -> None:
        home = body.pop("home", None)
        draft = Draft(
            kind=kind,
            subject=subject,
            tenant=tenant,
            body=body,
            author=Author(subject="t"),
            home=NodeName(str(home)) if home else None,
        )
        with self.database.write() as connection:
            facts.append(connection, draft, now=NOW)

    def hear(self, other: "Islet") -> None:
        batch = other.facts.after(
            self.facts.cursor(), reader=NodeName(self.name), limit=1000, signer=other
        )
        check = verifier(self.authority.certificate, revoked=lambda _: False)
        taken = self.facts.take(batch, verify=check, now=NOW)
        assert not taken.refused

    def said(self, subject: str, tenant: TenantId) -> list[str]:
        return [one.kind for one in self.facts.of(subject, tenant=tenant)]

    def objections(self) -> dict[tuple[str, str], tuple[str, int]]:
        return {
            (one.node.value, one.tenant.value): (one.why.value, one.facts)
            for one in self.owners.objected()
        }


def islet_of(name: str, path: Path, template: Path, *, now: datetime) -> Islet:
    """Make one node of its own archipelago."""
    authority = certificates.new_authority("test", now=now - timedelta(days=1))
    key = certificates.new_key()
    request = certificates.request_for(NodeName(name), key)
    shutil.copy(template, path)
    issued = authority.issue(request, NodeName(name), now=now - timedelta(days=1))
    return Islet(name, issued, key, authority, path)


@pytest.fixture
def make(sqlite_template: Path, tmp_path: Path) -> Iterator[Callable[..., list[Islet]]]:
    """Make nodes that share everything of `chu-gp` and `chu-mq` with each other."""
    authority = certificates.new_authority("test", now=NOW - timedelta(days=1))
    made: list[Islet] = []

    def build(*names: str) -> list[Islet]:
        for name in names:
            key = certificates.new_key()
            request = certificates.request_for(NodeName(name), key)
            issued = authority.issue(request, NodeName(name), now=NOW - timedelta(days=1))
            shutil.copy(sqlite_template, tmp_path / f"{name}.db")
            islet = Islet(name, issued, key, authority, tmp_path / f"{name}.db")
            made.append(islet)
            with islet.database.write() as connection:
                for home, tenant in (("gp", GP), ("mq", MQ), ("gf", GP)):
                    for peer in names:
                        agreed = Agreement(
                            home=NodeName(home),
                            tenant=tenant,
                            peer=NodeName(peer),
                            capabilities=frozenset(Capability),
                            purposes=frozenset(Purpose),
                        )
                        peers.keep_agreement(connection, agreed, clock="")
        return made

    yield build
    for one in made:
        one.database.close()


def homed(islet: Islet, node: str, *tenants: TenantId) -> None:
    with islet.database.write() as connection:
        peers.state_homes(connection, NodeName(node), tenants, now=NOW)


def test_a_study_stated_by_a_node_that_is_not_its_home_counts_for_nothing(make) -> None:
    mq, gp, gf = make("mq", "gp", "gf")
    homed(mq, "gp", GP)
    for one in (gp, gf):
        one.hear(mq)
    gp.state("study.available", "study:1.2.3", GP, revision=1)
    gf.state("study.available", "study:1.2.3", GP, revision=9)
    gf.state("object.recalled", "study:1.2.3", GP, reason="lie", home="gp")

    mq.hear(gp)
    mq.hear(gf)

    assert mq.said("study:1.2.3", GP) == ["study.available"]
    assert mq.facts.of("study:1.2.3", tenant=GP)[0].body["revision"] == 1
    assert mq.objections() == {("gf", "chu-gp"): ("foreign", 2)}
    assert gf.said("study:1.2.3", GP) == []  # on the liar's own node as well


def test_facts_that_come_before_their_home_is_known_count_once_it_is(make) -> None:
    mq, gp = make("mq", "gp")
    gp.state("study.available", "study:1.2.3", GP, revision=1)
    assert gp.said("study:1.2.3", GP) == ["study.available"]  # what it wrote itself, of its own
    mq.hear(gp)
    assert mq.said("study:1.2.3", GP) == []
    assert mq.objections() == {("gp", "chu-gp"): (Objection.UNKNOWN.value, 1)}

    homed(mq, "gp", GP)

    assert mq.said("study:1.2.3", GP) == ["study.available"]
    assert mq.objections() == {}


def test_only_the_keeper_of_the_authority_says_where_an_organisation_is_at_home(make) -> None:
    mq, gp, gf = make("mq", "gp", "gf")
    homed(mq, "gp", GP)
    gf.hear(mq)
    gf.state(HOMED, "node:gf", THE_NETWORK, organisations=[GP.value])
    gp.hear(gf)

    assert gp.owners.home(GP) == NodeName("gp")
    assert gf.owners.home(GP) == NodeName("gp")


def test_a_request_is_placed_by_the_home_that_its_subject_names(make) -> None:
    mq, gp, gf = make("mq", "gp", "gf")
    homed(mq, "gp", GP)
    for one in (gp, gf):
        one.hear(mq)
    gf.state("request.claimed", "request:gp:1", GP, home="gp", claim="gf-1")
    gf.state("request.confirmed", "request:gp:1", GP, home="gp", claim="gf-1", fence=9)
    gf.state("request.placed", "request:gf:2", GP, home="gf")
    gf.state("request.claimed", "request:mq:3", GP, home="gp", claim="gf-3")

    gp.hear(gf)

    assert gp.said("request:gp:1", GP) == ["request.claimed"]
    assert gp.said("request:gf:2", GP) == []
    assert gp.said("request:mq:3", GP) == []  # the envelope says gp, the subject mq


def test_a_home_is_moved_by_the_keepers_later_word(make) -> None:
    mq, gp, _gf = make("mq", "gp", "gf")
    homed(mq, "gp", GP)
    homed(mq, "gf", GP)
    gp.hear(mq)

    assert gp.owners.home(GP) == NodeName("gf")
    assert not gp.owners.local(GP)


def test_nothing_is_wanted_of_a_node_that_does_not_speak_for_the_owner(make) -> None:
    mq, _gp = make("mq", "gp")
    homed(mq, "gp", GP)
    wish = Wish(
        study=StudyKey(GP, Uid("1.2.3")),
        from_node="gf",
        of_class=TransferClass.ROUTINE,
        reason="test",
        wanted_by=MQ,
    )

    with pytest.raises(Conflict, match="gf does not speak for chu-gp, which is at home on gp"):
        want(wish, transfers=SqlTransfers(mq.database), owners=mq.owners, now=NOW)
    with pytest.raises(Conflict, match="nowhere"):
        check_home(TenantId("inconnu"), "gp", owners=mq.owners)


def test_nothing_is_shared_of_what_nobody_said_is_at_home_here(make) -> None:
    mq, gp = make("mq", "gp")
    agreed = Agreement(
        home=NodeName("gp"),
        tenant=GP,
        peer=NodeName("mq"),
        capabilities=frozenset({Capability.QUERY}),
        purposes=frozenset(Purpose),
    )
    known = Peer(
        name=NodeName("mq"),
        address="",
        standing=Standing.ACTIVE,
        authority="",
        certificate=mq.certificate,
        since=NOW,
    )
    with gp.database.write() as connection:
        peers.save(connection, known)

    with (
        pytest.raises(Conflict, match="archipel peer home gp --organisation chu-gp"),
        gp.database.write() as connection,
    ):
        peers.agree(connection, agreed, by="test", now=NOW)


def test_a_node_that_was_restored_writes_in_another_log_once_others_tell_it_more(
    make, tmp_path: Path
) -> None:
    mq, gp = make("mq", "gp")
    homed(mq, "gp", GP)
    gp.hear(mq)
    gp.state("study.available", "study:1.2.1", GP, revision=1)
    gp.database.close()
    shutil.copy(gp.path, tmp_path / "backup.db")
    gp.__post_init__()
    gp.state("study.available", "study:1.2.2", GP, revision=1)
    mq.hear(gp)
    gp.database.close()
    for beside in ("-wal", "-shm"):
        Path(f"{gp.path}{beside}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", gp.path)
    gp.__post_init__()
    assert gp.said("study:1.2.2", GP) == []

    gp.hear(mq)

    assert gp.said("study:1.2.2", GP) == ["study.available"]  # its own word, given back
    gp.state("study.available", "study:1.2.3", GP, revision=1)
    mq.hear(gp)
    assert mq.said("study:1.2.3", GP) == ["study.available"]
    assert not any(frozen for _, _, frozen in mq.facts.counts().values())
    assert sorted(log.partition(".")[0] for log in mq.facts.counts()).count("gp") == 2


def test_a_node_that_was_not_restored_goes_on_in_its_log(make) -> None:
    mq, gp = make("mq", "gp")
    homed(mq, "gp", GP)
    gp.hear(mq)
    gp.state("study.available", "study:1.2.1", GP, revision=1)
    mq.hear(gp)
    gp.hear(mq)

    assert [log for log in gp.facts.counts() if log.startswith("gp.")] == ["gp.1"]
