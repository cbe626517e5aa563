"""A node of its own whose mails are caught, with a signed and released report: for the portal."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page

from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.clock import utc_now
from archipel.kernel.identifiers import TenantId
from archipel.reading import canonical
from archipel.reading.events import ReportReceived
from archipel.reading.model import Exam, Filters, KeyImage, Window
from archipel.results.model import Correspondent, MailAddress
from archipel.testing.mail import MailCatcher
from archipel.testing.reports import report_document

if TYPE_CHECKING:
    from tests.journeys.conftest import Site

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
DOCTOR, PATIENT = "g.pommier@cabinet.test", "patient@exemple.test"
TENANT = TenantId("chu-fdf")
SCOPE = Scope(Actor(ActorKind.NODE, "test"), frozenset({TENANT}))


@dataclass
class Clinic:
    """A node of its own whose mails are caught here."""

    site: "Site"
    mailbox: MailCatcher


@pytest.fixture(scope="session")
def clinic(
    founded: "Callable[[Path], Site]", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clinic]:
    site = founded(tmp_path_factory.mktemp("results"))
    with MailCatcher() as mailbox:
        site.node.settings = {
            "ARCHIPEL_MAIL__HOST": "127.0.0.1",
            "ARCHIPEL_MAIL__PORT": str(mailbox.port),
            "ARCHIPEL_MAIL__SECURITY": "none",
            "ARCHIPEL_MAIL__SENDER": "resultats@chu.test",
            "ARCHIPEL_NODE__DEMONSTRATION": "true",
        }
        with site.node:
            site.receive("thorax")
            yield Clinic(site, mailbox)


def violations(page: Page) -> list[str]:
    """Return what axe-core finds; it is run by the debugger, which the page's policy spares."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make web")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        """() => axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
             .then(({violations}) => violations.map(({id, nodes}) =>
               id + ": " + nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")))"""
    )
    return [str(one) for one in found]


def overflow(page: Page) -> int:
    """Return how many pixels the page is wider than its window."""
    return int(page.evaluate("() => document.documentElement.scrollWidth - innerWidth"))


@pytest.fixture(scope="session")
def released(clinic: Clinic) -> Exam:
    """Keep the signed, released report of the thorax, its key images being of real slices."""
    with Node.open(Home(clinic.site.node.home)) as node:
        deadline = time.monotonic() + 60
        while not (found := node.exams.page(Filters(), scope=SCOPE, now=utc_now()).exams):
            assert time.monotonic() < deadline, "the exam did not come into the index"
            time.sleep(0.2)
        exam = found[0]
        node.correspondents.keep(
            Correspondent(tenant=TENANT, name=exam.referring_physician, mail=MailAddress(DOCTOR))
        )
        slices = node.catalogue.instances(scope=SCOPE, study=exam.id.study)
        chosen = [slices[len(slices) * part // 4] for part in (1, 2, 3)]
        plain = report_document(exam=exam.id)
        document = replace(
            plain,
            signed_at=utc_now(),
            important=True,
            examination=replace(
                plain.examination,
                custodian_name="CHU Fort-de-France",
                accession=exam.accession,
                description=exam.description,
                referring_physician=exam.referring_physician,
                studied=exam.studied,
            ),
            subject=replace(plain.subject, identifier=exam.patient),
            key_images=tuple(
                KeyImage(
                    study=exam.id.study,
                    series=one.key.series,
                    sop_instance=one.key.sop_instance,
                    frame=1,
                    window=Window(center=-600.0, width=1500.0),
                    caption=caption,
                )
                for one, caption in zip(
                    chosen, ("Nodule, 17 mm", "Étage moyen", "Bases"), strict=True
                )
            ),
        )
        content = canonical.write(document)
        fact = ReportReceived(
            tenant=TENANT,
            at=utc_now(),
            study=exam.id.study,
            digest=canonical.digest_of(content),
            state="final",
            contested=False,
        )
        assert node.documents.receive(document, content, fact)
    return exam


def one_time_code(clinic: Clinic, address: str, *, after: int) -> str:
    """Return the code of the next mail to an address that has one: a letter may come before it."""
    while True:
        mail = clinic.mailbox.wait_for(address, after=after, timeout_s=60)
        if found := re.search(r"\b\d{6}\b", mail.text):
            return found[0]
        after = mail.number
