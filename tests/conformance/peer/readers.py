"""Two running nodes and who works there: Guyane asks, Martinique reads, over a line to be cut."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from archipel.access import enrol
from archipel.access.model import Person, Role
from archipel.archive.model import StudyKey
from archipel.kernel.clock import utc_now
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.testing.archipelago.islands import Island, archipelago, store
from archipel.testing.archipelago.travelling import ct_study
from archipel.testing.link import Link
from archipel.testing.peers.free_ports import free_port
from archipel.testing.running_node import RunningNode

LINE_MBIT, PATIENCE_S = 16, 60
PASSWORD = "un-mot-de-passe-de-test"
ON_CALL = TenantId("garde-gf")  # an organisation of Guyane that stands in for Martinique
PEOPLE = {
    "gf": {
        "tech": (TenantId("chu-gf"), Role.TECHNOLOGIST),
        "doctor": (TenantId("chu-gf"), Role.RADIOLOGIST),
        "admin": (TenantId("chu-gf"), Role.NETWORK_ADMIN),
        "stand-in": (ON_CALL, Role.RADIOLOGIST),
    },
    "mq": {
        "reader": (TenantId("chu-mq"), Role.RADIOLOGIST),
        "chief": (TenantId("chu-mq"), Role.NETWORK_ADMIN),
    },
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
        """Cut the line both ways."""
        for link in self.links:
            link.cut(drop=True)

    def heal(self) -> None:
        """Mend it."""
        for link in self.links:
            link.heal()


@contextmanager
def running_network(root: Path) -> Iterator[Network]:
    """Lay both nodes out and start them."""
    doors = {name: f"127.0.0.1:{free_port()}" for name in PEOPLE}
    lines = {name: f"127.0.0.1:{free_port()}" for name in PEOPLE}
    made = archipelago(root, lines)
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
                enrol.add_person_with_password(person, PASSWORD, office=office, now=now)
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


def placed(network: Network, exam: str, urgency: str = "stat") -> str:
    """Ask for the reading of an exam; returns the request's name."""
    body = {
        "exam": exam,
        "question": "Hémiparésie gauche brutale, occlusion proximale ?",
        "urgency": urgency,
        "justification": {"reason": "alerte thrombolyse"},
        "callback": {"name": "TEST urgences", "phone": "0594 00 44 17"},
        "consent": {
            "kind": "given",
            "by": "TEST tech",
            "at": utc_now().isoformat(),
        },
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
    """Wait until somebody sees a request at a stage; returns it."""

    def reached() -> Any:
        answer = network.clients[who].get(f"/api/requests/{request}")
        found = answer.json() if answer.is_success else None
        return found if found and found["row"]["stage"] == stage else None

    return until(reached)


def key_of(exam: str) -> StudyKey:
    """Read an exam's name."""
    tenant, _, study = exam.partition("~")
    return StudyKey(TenantId(tenant), Uid(study))
