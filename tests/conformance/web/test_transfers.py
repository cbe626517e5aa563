"""Exams of other nodes over the API: who sees them, who may have them fetched, how far."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conformance.web.conftest import NORTH, Clock, furnished, served
from tests.unit.exchange.test_homes import Islet, islet_of

from archipel.access import enrol
from archipel.access.model import AuditQuery
from archipel.app.archipelago import LINKS_FILE
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.transfer.elsewhere import OtherNodes
from archipel.app.wiring import Node
from archipel.archive.model import StudyKey
from archipel.exchange.model import (
    Agreement,
    Author,
    Capability,
    Draft,
    NodeName,
    Peer,
    Purpose,
    Standing,
)
from archipel.exchange.trust.heads import verifier
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.reading.model import Exam
from archipel.stores.sql import facts, peers
from archipel.stores.sql.following import withholding
from archipel.stores.sql.peering import homes
from archipel.testing.exams import drawing, hold
from archipel.testing.peers.plain import PLAIN

GP, STUDY = TenantId("chu-gp"), "2.25.77"


@dataclass
class Twin:
    """This node's web door over what another node announced to it."""

    node: Node
    gp: Islet
    url: str
    exam: Exam
    office: enrol.Office
    clock: Clock
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, login: str, method: str, path: str, body: Any = None) -> httpx.Response:
        if login not in self.tokens:
            token, _ = enrol.create_token(login, "t", office=self.office, now=self.clock())
            self.tokens[login] = token
        headers = {"Authorization": f"Bearer {self.tokens[login]}"}
        return httpx.request(
            method, f"{self.url}{path}", headers=headers, json=body, timeout=20, verify=PLAIN
        )

    def person(self, login: str = "radio-north") -> Any:
        answer = self.ask(login, "GET", "/api/persons/p1")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fetch(self, login: str = "radio-north", exam: str = f"{GP}~{STUDY}") -> httpx.Response:
        return self.ask(login, "POST", f"/api/exams/{exam}/fetch", {"person": "p1"})

    def announce(self, patient: str, study: str = STUDY) -> None:
        body = {
            "revision": 1,
            "manifest": "m",
            "size_bytes": 5_000_000,
            "low_bytes": 90_000,
            "study": {"date": "20260105", "time": "0830", "description": "Scanner abdominal"},
            "accession": {"number": "A1", "issuer": "chu-gp"},
            "modalities": ["CT"],
            "instances": 120,
            "series": [{"uid": "2.25.78"}],
        }
        draft = Draft(
            kind="study.available",
            subject=f"study:{study}",
            tenant=GP,
            body=body,
            author=Author(subject="t"),
            patient=f"patient:{patient}",
        )
        with self.gp.database.write() as connection:
            facts.append(connection, draft, now=self.clock())
        self.hear()

    def hear(self) -> None:
        batch = self.gp.facts.after(
            self.node.facts.cursor(), reader=NodeName("mq"), limit=100, signer=self.gp
        )
        check = verifier(self.gp.authority.certificate, revoked=lambda _: False)
        assert not self.node.facts.take(batch, verify=check, now=self.clock()).refused

    def line(self, state: str) -> None:
        told = [{"peer": "gp", "state": state, "since": self.clock().isoformat()}]
        (self.node.home.run / LINKS_FILE).write_text(json.dumps(told))


@pytest.fixture
def twin(tmp_path: Path, sqlite_template: Path) -> Iterator[Twin]:
    """Open the door of `mq`; `gp`, home of chu-gp, lets it know of its studies."""
    home, clock = Home(tmp_path / "mq"), Clock()
    create_node(home, name="TEST CH mq", community="mq")
    home.run.mkdir(exist_ok=True)
    gp = islet_of("gp", tmp_path / "gp.db", sqlite_template, now=clock())
    agreed = Agreement(
        home=NodeName("gp"),
        tenant=GP,
        peer=NodeName("mq"),
        capabilities=frozenset({Capability.QUERY, Capability.READ}),
        purposes=frozenset(Purpose),
    )
    known = Peer(
        name=NodeName("gp"),
        address="gp.example:8443",
        standing=Standing.ACTIVE,
        authority="",
        certificate=gp.certificate,
        since=clock(),
    )
    with Node.open(home) as node:
        for database in (gp.database, node.database):
            with database.write() as connection:
                facts.open_log(connection, NodeName("mq"), now=clock())
                homes.settle(connection, [GP], NodeName("gp"), clock="", now=clock())
                peers.keep_agreement(connection, agreed, clock="")
        with node.database.write() as connection:
            peers.save(connection, known)
        services, office = furnished(node.database, clock)
        exam = drawing(NORTH, now=clock())(person="p1", patient_id="P1")
        hold(node.database, exam)
        with served(replace(services, elsewhere=OtherNodes(node))) as url:
            yield Twin(node, gp, url, exam, office, clock)
    gp.database.close()


def test_a_person_page_lists_what_another_node_has_of_the_same_identifier(twin: Twin) -> None:
    twin.announce("north|P1")
    twin.announce("north|P2", study="2.25.99")  # somebody else

    (found,) = twin.person()["elsewhere"]

    assert found["exam"] == f"{GP}~{STUDY}"
    assert (found["home_node"], found["identifier"], found["issuer"]) == ("gp", "P1", "north")
    assert (found["study_at"], found["instances"]) == ("2026-01-05T08:30:00", 120)
    assert found["transfer"] is None


def test_a_node_that_is_not_reached_is_named_and_the_page_may_be_incomplete(twin: Twin) -> None:
    (node,) = twin.person()["nodes"]
    assert (node["node"], node["line"], node["complete"]) == ("gp", "unreached", False)
    assert [site["key"] for site in node["sites"]] == ["chu-gp"]

    twin.line("up")
    twin.announce("north|P1")
    page = twin.person()
    assert page["nodes"][0]["complete"]
    assert page["elsewhere"][0]["reachable"]

    twin.line("down")
    page = twin.person()
    assert (page["nodes"][0]["line"], page["nodes"][0]["complete"]) == ("down", False)
    assert page["nodes"][0]["since"]
    assert not page["elsewhere"][0]["reachable"]  # it is still listed: the fact is here


def test_an_identifier_that_people_linked_is_the_same_person(twin: Twin) -> None:
    twin.announce("gp-issuer|G1")
    assert twin.person()["elsewhere"] == []

    linked = Draft(
        kind="patient.linked",
        subject="identity",
        tenant=GP,
        body={"pair": ["gp-issuer|G1", "north|P1"], "human": True},
        author=Author(subject="desk"),
    )
    with twin.gp.database.write() as connection:
        facts.append(connection, linked, now=twin.clock())
    twin.hear()

    assert [one["identifier"] for one in twin.person()["elsewhere"]] == ["G1"]


def test_an_exam_is_fetched_for_the_visitors_organisation_and_audited(twin: Twin) -> None:
    twin.announce("north|P1")

    answer = twin.fetch()

    assert answer.status_code == 202, answer.text
    held = answer.json()
    assert (held["state"], held["of_class"], held["from_node"]) == ("wanted", "oncall", "gp")
    assert held["wanted_by"]["key"] == "north"
    assert twin.fetch().json()["transfer"] == held["transfer"]  # asked twice, fetched once
    assert twin.person()["elsewhere"][0]["transfer"]["transfer"] == held["transfer"]
    scope = Scope(Actor(ActorKind.NODE, "test"), frozenset({NORTH}))
    rows = twin.node.audit.search(AuditQuery(subject=STUDY, limit=10), scope=scope, node=False)
    assert {row.entry.detail for row in rows} == {f"fetched from node gp of {GP}"}


def test_another_organisation_sees_and_does_nothing_of_it(twin: Twin) -> None:
    twin.announce("north|P1")
    held = twin.fetch().json()["transfer"]

    assert twin.ask("radio-south", "GET", "/api/transfers").json()["transfers"] == []
    assert twin.fetch("radio-south").status_code == 404
    for what in ("cancel", "resume"):
        answer = twin.ask("radio-south", "POST", f"/api/transfers/{held}/{what}")
        assert answer.status_code == 404
    assert twin.fetch(exam=f"{GP}~2.25.1").status_code == 404  # nobody announced it


def test_a_transfer_is_called_off_and_taken_back(twin: Twin) -> None:
    twin.announce("north|P1")
    held = twin.fetch().json()["transfer"]

    off = twin.ask("radio-north", "POST", f"/api/transfers/{held}/cancel").json()
    assert (off["state"], off["can_cancel"], off["can_resume"]) == ("cancelled", False, True)
    again = twin.ask("radio-north", "POST", f"/api/transfers/{held}/resume").json()

    assert (again["state"], again["transfer"]) == ("wanted", held)
    listed = twin.ask("radio-north", "GET", "/api/transfers").json()["transfers"]
    assert [one["transfer"] for one in listed] == [held]


def test_a_recalled_exam_is_listed_no_more_and_cannot_be_taken_back(twin: Twin) -> None:
    twin.announce("north|P1")
    held = twin.fetch().json()["transfer"]
    with twin.gp.database.write() as connection:
        withholding.recall(
            connection,
            StudyKey(GP, Uid(STUDY)),
            reason="wrong patient",
            author=Author(subject="t"),
            now=twin.clock(),
        )
    twin.hear()

    assert twin.person()["elsewhere"] == []
    (ended,) = twin.ask("radio-north", "GET", "/api/transfers").json()["transfers"]
    assert (ended["state"], ended["detail"]) == ("cancelled", "recalled")
    assert twin.ask("radio-north", "POST", f"/api/transfers/{held}/resume").status_code == 403


def test_progress_is_told_as_it_comes(twin: Twin) -> None:
    twin.announce("north|P1")
    held = twin.fetch().json()["transfer"]
    headers = {"Authorization": f"Bearer {twin.tokens['radio-north']}"}
    at = f"{twin.url}/api/transfers/events"
    told: list[str] = []
    with httpx.stream("GET", at, headers=headers, timeout=20, verify=PLAIN) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                (one,) = json.loads(line.removeprefix("data: "))["transfers"]
                told.append(one["state"])
                if len(told) == 1:
                    twin.ask("radio-north", "POST", f"/api/transfers/{held}/cancel")
                else:
                    break

    assert told == ["wanted", "cancelled"]
