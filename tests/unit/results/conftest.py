"""A node with a real index, two organisations, signed results, and a mailbox; a clock to push."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from archipel.access.model import Action, AuditQuery, AuditRow
from archipel.app.home import Home
from archipel.app.results.door import portal_services
from archipel.app.results.work import subscriptions
from archipel.app.settings import MailSettings, PortalSettings
from archipel.app.wiring import Node
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.identifiers import TenantId
from archipel.protocols.web.portal.router import portal_router
from archipel.protocols.web.problem import speak_problems
from archipel.protocols.web.security import Security
from archipel.reading import canonical
from archipel.reading.events import ReportReceived
from archipel.reading.model import Exam, ExamId
from archipel.results import share
from archipel.results.model import Audience, Content, MailAddress, Recipient
from archipel.results.share import Counter, Shared, Wish
from archipel.stores.sql import outbox
from archipel.stores.sql.session import Durability
from archipel.testing.exams import drawing, hold
from archipel.testing.furnished import furnish
from archipel.testing.mail import MailCatcher
from archipel.testing.reports import report_document

NORTH, SOUTH = TenantId("north"), TenantId("south")
NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
BORN = "1958-04-14"
DOCTOR, PATIENT = "pommier@cabinet.test", "balisier@exemple.test"
Answer = httpx.Response


@dataclass
class Clock:
    """The time, which a test pushes forward."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Phone:
    """One browser: its cookies, its address, and the token against forgery once it came in."""

    app: Any
    address: str = "203.0.113.7"
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    def ask(self, method: str, path: str, **more: Any) -> Answer:
        headers = {"X-CSRF-Token": self.csrf} | more.pop("headers", {})
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if cookie:
            headers["Cookie"] = cookie

        async def send() -> Answer:
            transport = httpx.ASGITransport(self.app, client=(self.address, 40_000))
            async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
                return await client.request(method, f"/portal/api{path}", headers=headers, **more)

        answer = asyncio.run(send())
        self.cookies |= dict(answer.cookies)
        return answer

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.ask("POST", path, json=body, **more)

    def confirms(self, challenge: str, code: str) -> Answer:
        answer = self.post("/entry/confirm", {"challenge": challenge, "one_time_code": code})
        if answer.status_code == 201:
            self.csrf = answer.json()["csrf_token"]
        return answer


@dataclass
class Clinic:
    """The node, its exams with a released report each, and what a test does with them."""

    node: Node
    clock: Clock
    mailbox: MailCatcher
    app: Any
    exams: dict[TenantId, Exam]
    tokens: dict[str, str]
    told: int = 0

    def settle(self) -> None:
        """Do what the work process would: every fact to its subscribers, until all is quiet."""
        known = subscriptions(self.node)
        while True:
            with self.node.database.read() as connection:
                facts = list(outbox.after(connection, self.told, limit=1000))
            if not facts:
                return
            self.told = facts[-1].position
            for kept in facts:
                event = kept.event()
                for one in known:
                    if isinstance(event, one.event):
                        one.handle(event, now=self.clock())

    def counter(self, tenant: TenantId = NORTH) -> Counter:
        return Counter(
            exams=self.node.exams,
            links=self.node.links,
            secrets=self.node.portal_secrets,
            audit=self.node.audit,
            scope=Scope(Actor(ActorKind.PERSON, f"reader-{tenant}"), frozenset({tenant})),
        )

    def shared(self, audience: Audience, tenant: TenantId = NORTH, **more: Any) -> Shared:
        mail = more.pop("mail", DOCTOR if audience is Audience.REFERRER else PATIENT)
        wish = Wish(
            audience=audience,
            recipient=Recipient(name="TEST Recipient", mail=MailAddress(mail)),
            content=more.pop("content", Content.IMAGES),
            **more,
        )
        made = share.share(
            self.exams[tenant].id, wish, counter=self.counter(tenant), now=self.clock()
        )
        self.settle()
        return made

    def phone(self, address: str = "203.0.113.7") -> Phone:
        return Phone(self.app, address)

    def code_sent(self, mail: str) -> str:
        """Return the one-time code of the last mail to an address."""
        self.settle()
        sent = next(one for one in self.mailbox.mails() if mail in one.recipients)
        return next(word for word in sent.text.split() if word.isdigit() and len(word) == 6)

    def as_doctor(self, made: Shared, phone: Phone | None = None) -> Phone:
        phone = phone or self.phone()
        said = {"link": made.link.id, "secret": self.node.portal_secrets.of_link(made.link)}
        return self._confirmed(phone, phone.post("/entry/link", said), made)

    def as_patient(self, made: Shared, phone: Phone | None = None) -> Phone:
        phone = phone or self.phone()
        said = {"code": made.code, "birth_date": BORN}
        return self._confirmed(phone, phone.post("/entry/code", said), made)

    def _confirmed(self, phone: Phone, asked: Answer, made: Shared) -> Phone:
        assert asked.status_code == 200, asked.text
        code = self.code_sent(made.link.recipient.mail.value)
        came = phone.confirms(asked.json()["challenge"], code)
        assert came.status_code == 201, came.text
        return phone

    def rows(self, action: Action | None = None, tenant: TenantId = NORTH) -> list[AuditRow]:
        scope = Scope(Actor(ActorKind.NODE, "test"), frozenset({tenant}))
        wanted = AuditQuery(action=action, door="portal", limit=500)
        return list(self.node.audit.search(wanted, scope=scope, node=True))


def sign(node: Node, exam: ExamId, *, at: datetime, **more: Any) -> None:
    """Keep a signed, released report of an exam."""
    plain = report_document(exam=exam)
    examination = changed(plain.examination, exam=exam)
    document = report_document(exam=exam, examination=examination, signed_at=at, **more)
    content = canonical.write(document)
    digest = canonical.digest_of(content)
    fact = ReportReceived(
        tenant=exam.tenant, at=at, study=exam.study, digest=digest, state="final", contested=False
    )
    assert node.documents.receive(document, content, fact)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Lay a node out once; each test has a copy."""
    root = tmp_path_factory.mktemp("clinic") / "home"
    return root, furnish(root, {"north": [], "south": []})


class Behind:
    """Stands for the services of whichever node a test has: a door takes long to build."""

    services: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.services, name)


@pytest.fixture(scope="session")
def portal_door() -> tuple[FastAPI, Behind]:
    """Build the portal's door once, without the rest of the node."""
    app, behind = FastAPI(), Behind()
    speak_problems(app)
    app.include_router(portal_router(behind))
    app.add_middleware(Security, secure=False)
    return app, behind


@pytest.fixture
def clinic(
    tmp_path: Path,
    clock: Clock,
    furnished: tuple[Path, dict[str, str]],
    portal_door: tuple[FastAPI, Behind],
) -> Iterator[Clinic]:
    root, tokens = furnished
    home = Home(Path(shutil.copytree(root, tmp_path / "home")))
    with MailCatcher() as mailbox:
        settings = changed(
            home.settings(),
            mail=MailSettings(
                host="127.0.0.1",
                port=mailbox.port,
                security="none",
                sender="resultats@node.test",
            ),
            portal=PortalSettings(url="https://resultats.test", proxies="10.9.0.1"),
        )
        node = Node(home, settings, Durability.REPLAYED, clock=clock)
        app, behind = portal_door
        behind.services = portal_services(node, secure=False)
        exams = {}
        for tenant in (NORTH, SOUTH):
            exams[tenant] = drawing(tenant, now=NOW)(study=f"1.2.{len(exams) + 3}.4")
            hold(node.database, exams[tenant])
            sign(node, exams[tenant].id, at=NOW - timedelta(days=8))
        clinic = Clinic(node, clock, mailbox, app, exams, tokens)
        clinic.settle()
        yield clinic
        node.close()
