"""A request for reading between two running nodes, through their HTTP API and a line that is cut.

Asked in Guyane, read in Martinique; then a race of two readers on two nodes during a cut.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from archipel.access import enrol
from archipel.access.model import Person, Role
from archipel.archive.model import StudyKey
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.testing.archipelago.islands import Island, archipelago, free_port, store
from archipel.testing.archipelago.travelling import ct_study
from archipel.testing.link import Link
from archipel.testing.running_node import RunningNode

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # the machine may be busy
LINE_MBIT, PATIENCE_S = 16, 60
ON_CALL = TenantId("garde-gf")  # an organisation of Guyane that stands in for Martinique
PEOPLE = {
    "gf": {
        "tech": (TenantId("chu-gf"), Role.TECHNOLOGIST),
        "doctor": (TenantId("chu-gf"), Role.RADIOLOGIST),
        "admin": (TenantId("chu-gf"), Role.SITE_ADMIN),
        "stand-in": (ON_CALL, Role.RADIOLOGIST),
    },
    "mq": {"reader": (TenantId("chu-mq"), Role.RADIOLOGIST)},
}


@dataclass
class Network:
    """Two running nodes, the line between them, and who works there."""

    nodes: dict[str, RunningNode]
    islands: dict[str, Island]
    links: list[Link]
    clients: dict[str, httpx.Client]

    def ask(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Send a request as somebody; returns the JSON that came. Asserts that it went well."""
        answer = self.clients[who].request(method, f"/api{path}", json=body, **more)
        assert answer.is_success, (path, answer.text)
        return answer.json() if answer.content else None

    def cut(self) -> None:
        for link in self.links:
            link.cut(drop=True)

    def heal(self) -> None:
        for link in self.links:
            link.heal()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    doors = {name: f"127.0.0.1:{free_port()}" for name in PEOPLE}
    lines = {name: f"127.0.0.1:{free_port()}" for name in PEOPLE}
    made = archipelago(tmp_path_factory.mktemp("islands"), lines)
    islands = {one.name: one for one in made}
    tokens = {}
    for name, island in islands.items():
        with island.open() as node:
            office, now = node.office("test"), node.clock()
            if name == "gf":
                drawn = enrol.organisation_from(ON_CALL.value, "TEST Garde de Guyane")
                enrol.add_organisation(drawn, office=office, now=now)
            for login, (tenant, role) in PEOPLE[name].items():
                person = Person(login=login, name=f"TEST {login}", tenant=tenant, role=role)
                enrol.add_person(person, office=office, now=now)
                tokens[login], _ = enrol.create_token(login, "test", office=office, now=now)
    with ExitStack() as stack:
        links = [
            stack.enter_context(
                Link(lines[name], doors[name], rate_bps=LINE_MBIT * 1e6, rtt_s=0.07)
            )
            for name in PEOPLE
        ]
        nodes = {
            name: islands[name].running(
                ARCHIPEL_PEER__LISTEN=doors[name], ARCHIPEL_PEER__LINE_OUT_MBIT=str(LINE_MBIT)
            )
            for name in PEOPLE
        }
        with ThreadPoolExecutor() as starting:
            list(starting.map(RunningNode.start, nodes.values()))
        for node in nodes.values():
            stack.callback(node.kill)  # how a node stops is another test's business
        clients = {
            login: stack.enter_context(
                httpx.Client(
                    base_url=nodes[name].http,
                    headers={"Authorization": f"Bearer {tokens[login]}"},
                    timeout=30,
                )
            )
            for name, logins in PEOPLE.items()
            for login in logins
        }
        yield Network(nodes, islands, links, clients)


def until(found: Callable[[], Any], within_s: float = PATIENCE_S) -> Any:
    """Wait until something is found; returns it."""
    ends = time.monotonic() + within_s
    while not (answer := found()):
        assert time.monotonic() < ends, "it did not come in time"
        time.sleep(0.1)
    return answer


def acquired(network: Network, *, images: int) -> str:
    """Send a CT to Guyane and wait until it can travel; returns the exam's name."""
    island, study = network.islands["gf"], Uid.fresh()
    store(network.nodes["gf"], island.tenant, ct_study(study, images=images))
    exam = f"{island.tenant}~{study}"

    def travels() -> bool:
        rungs = network.ask("tech", "GET", f"/requests/partners?exam={exam}&urgency=stat")["rungs"]
        return bool(rungs) and rungs[0]["images_in_s"] is not None

    listed = lambda: [  # noqa: E731  (read once, where it stands)
        row
        for row in network.ask("tech", "GET", "/worklist?list=all")["rows"]
        if row["exam"] == exam and row["images"]["complete"]
    ]
    until(listed)
    agreement = {
        "key": "mq",
        "asking": island.tenant.value,
        "partner": {"key": "chu-mq", "node": "mq", "name": "TEST CHU de Martinique"},
        "relief": [{"key": ON_CALL.value}],
        "level": "sister-region",
        "modalities": ["CT"],
    }
    network.ask("admin", "PUT", "/admin/agreements", agreement)
    until(travels)
    return exam


def placed(network: Network, exam: str) -> str:
    """Ask for the reading of an exam; returns the request's name."""
    body = {
        "exam": exam,
        "question": "Hémiparésie gauche brutale, occlusion proximale ?",
        "urgency": "stat",
        "justification": {"reason": "alerte thrombolyse"},
        "callback": {"name": "TEST urgences", "phone": "0594 00 44 17"},
        "consent": {"kind": "emergency", "by": "TEST tech"},
    }
    made = network.ask("tech", "POST", "/requests", body)
    (chosen,) = [rung for rung in made["ladder"] if rung["chosen"]]
    assert chosen["site"]["node"] == "mq"
    return str(made["row"]["request"])


def signed(network: Network, who: str, exam: str, words: str) -> str:
    """Claim, write, look at the preview and sign; returns the digest."""
    fence = network.ask(who, "POST", f"/exams/{exam}/claim", {})["fence"]
    at = f"/exams/{exam}/report"
    text = [{"kind": "text", "text": words}]
    sections = [{"code": code, "blocks": text} for code in ("findings", "conclusion")]
    network.ask(who, "PUT", at, {"sections": sections}, headers={"If-Match": '"v0"'})
    seen = network.ask(who, "POST", f"{at}/preview")
    checks = network.ask(who, "GET", f"{at}/checks?fence={fence}")
    accepted = [one["rule"] for one in checks if one["outcome"] == "warns"]
    order = {"version": seen["version"], "fence": fence, "accepted": accepted}
    return str(network.ask(who, "POST", f"{at}/sign", order)["version"]["digest"])


def at_stage(network: Network, who: str, request: str, stage: str) -> Any:
    def reached() -> Any:
        answer = network.clients[who].get(f"/api/requests/{request}")
        found = answer.json() if answer.is_success else None
        return found if found and found["row"]["stage"] == stage else None

    return until(reached)


def test_what_is_asked_on_one_node_is_read_on_another_through_cuts(network: Network) -> None:
    exam = acquired(network, images=24)
    request = placed(network, exam)

    def on_its_way() -> Any:
        coming = network.ask("reader", "GET", "/worklist")["arriving"]
        return [
            one for one in coming if one["exam"] == exam and one["request"]["images"]["percent"]
        ]

    (coming,) = until(on_its_way)
    assert coming["request"]["images"]["eta_s"] > 0
    assert coming["patient"]["family_name"] == "TEST-LEFEVRE"
    network.cut()
    until(lambda: on_its_way()[0]["request"]["images"]["state"] == "stalled")
    network.heal()
    row = until(
        lambda: [
            one
            for one in network.ask("reader", "GET", "/worklist")["rows"]
            if one["exam"] == exam and one["request"]["stage"] == "ready"
        ]
    )[0]
    assert row["request"]["question"].startswith("Hémiparésie")
    assert row["urgency"] == "stat"
    assert len(network.islands["mq"].digests(_key(exam))) == 24

    network.cut()
    digest = signed(network, "reader", exam, "TEST occlusion M1 droite")
    network.heal()
    at_stage(network, "reader", request, "returned")
    answer = at_stage(network, "tech", request, "returned")
    assert [one["principal"] for one in answer["answers"]] == [True]
    assert [one["organisation"] for one in answer["answers"]] == ["TEST CHU de Martinique"]
    assert answer["row"]["reader"]["organisation"] == "TEST CHU de Martinique"
    assert answer["row"]["report_digest"] == digest
    assert answer["row"]["reader"]["confirmed"]
    told = network.ask("tech", "GET", f"/exams/{exam}/report/documents/{digest}")
    assert told["signer"]["organisation"]["key"] == "chu-mq"
    assert "M1 droite" in str(told["sections"])
    files = network.clients["tech"].get(f"/api/exams/{exam}/report/documents/{digest}/files/pdf")
    assert files.content.startswith(b"%PDF")

    network.ask("tech", "POST", f"/requests/{request}/acknowledge")
    there = at_stage(network, "reader", request, "acknowledged")
    here = at_stage(network, "tech", request, "acknowledged")
    assert there["log"] == here["log"]
    kinds = [one["kind"] for one in here["log"]]
    assert kinds[0] == "request.placed"
    assert kinds[-1] == "request.acknowledged"
    for kind in ("request.arrived", "request.claimed", "request.confirmed", "report.signed"):
        assert kinds.count(kind) == 1, kinds


def test_two_readers_who_race_in_a_cut_leave_both_reports_and_a_flag(network: Network) -> None:
    exam = acquired(network, images=2)
    request = placed(network, exam)
    at_stage(network, "reader", request, "ready")
    network.cut()
    far = signed(network, "reader", exam, "TEST lu en Martinique")
    near = signed(network, "stand-in", exam, "TEST lu en Guyane")
    at_stage(network, "tech", request, "returned")
    at_stage(network, "reader", request, "returned")
    network.heal()

    def both(who: str) -> Any:
        found = network.ask(who, "GET", f"/requests/{request}")
        return found if len(found["answers"]) == 2 else None

    views = [until(lambda who=who: both(who)) for who in ("tech", "reader", "stand-in")]
    for view in views:
        assert view["row"]["conflict"]
        assert {one["digest"]: one["principal"] for one in view["answers"]} == {
            near: True,
            far: False,
        }
        assert view["row"]["reader"]["login"] == "stand-in"
        assert [one["login"] for one in view["superseded"]] == ["reader"]
    for who in ("tech", "reader"):
        standing = network.ask(who, "GET", f"/exams/{exam}/report/documents")
        assert set(standing["heads"]) == {near, far}
        assert standing["contested"]
        assert standing["principal"] == near

    network.ask("doctor", "POST", f"/requests/{request}/reconcile", {"document": far})
    settled = until(
        lambda: (
            not (seen := network.ask("reader", "GET", f"/requests/{request}"))["row"]["conflict"]
            and seen
        )
    )
    assert settled["row"]["report_digest"] == far
    for who in ("tech", "reader"):
        standing = network.ask(who, "GET", f"/exams/{exam}/report/documents")
        assert (standing["principal"], standing["contested"]) == (far, False)
        assert set(standing["heads"]) == {near, far}


def _key(exam: str) -> StudyKey:
    tenant, _, study = exam.partition("~")
    return StudyKey(TenantId(tenant), Uid(study))
