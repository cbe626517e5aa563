"""A person over two nodes: an exam made elsewhere is seen, fetched and opened; a cut is named."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from archipel.access import enrol
from archipel.access.model import Person, Role
from archipel.archive.model import StudyKey
from archipel.kernel.uid import Uid
from archipel.protocols.web.static import SHELL, STATIC
from archipel.testing.archipelago.islands import Island, archipelago, store
from archipel.testing.archipelago.joined import until
from archipel.testing.archipelago.travelling import ct_study
from archipel.testing.peers.free_ports import free_port
from archipel.testing.running_node import RunningNode

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(400)]
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
INS, LOGIN, PASSWORD = "1.2.250.1.213.1.4.8", "j.letchimy", "un-mot-de-passe-de-test"
LOOK_MS = 60_000
RULES = """axe.run({exclude: ["iframe"]}, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
           .then(({violations}) => violations.map(({id, nodes}) => id + ": " + nodes[0].target))"""


@dataclass
class Two:
    """A node of Guadeloupe that has an exam, and one of Martinique that knows the patient."""

    gp: Island
    mq: Island
    serving: RunningNode
    reading: RunningNode
    exam: str


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    if not (STATIC / SHELL / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    doors = {name: f"127.0.0.1:{free_port()}" for name in ("gp", "mq")}
    gp, mq = archipelago(tmp_path, doors)
    with mq.open() as node:
        for login, role in ((LOGIN, Role.RADIOLOGIST), ("s.pacs", Role.NETWORK_ADMIN)):
            person = Person(login=login, name="TEST Letchimy", tenant=mq.tenant, role=role)
            enrol.add_person_with_password(
                person, PASSWORD, office=node.office("test"), now=node.clock()
            )
    serving = gp.running(ARCHIPEL_PEER__LISTEN=gp.address, ARCHIPEL_PEER__LINE_OUT_MBIT="4")
    reading = mq.running(ARCHIPEL_PEER__LISTEN=mq.address)
    study = Uid.fresh()
    with serving, reading:
        store(serving, gp.tenant, ct_study(study, images=8, issuer=INS))
        store(reading, mq.tenant, ct_study(Uid.fresh(), images=1, side=96, issuer=INS))
        gp.await_offer(StudyKey(gp.tenant, study), within_s=90)
        yield Two(gp, mq, serving, reading, f"{gp.tenant}~{study}")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 1600, "height": 1000}, locale="fr-FR", timezone_id="America/Martinique"
    )
    page = context.new_page()
    page.set_default_timeout(LOOK_MS)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("ARCHIPEL_PICTURES"):
        page.screenshot(path=Path(folder) / f"elsewhere-{name}.png")


def clean(page: Page) -> None:
    page.evaluate(AXE.read_text("utf-8"))
    assert page.evaluate(RULES) == []


def person_of(page: Page, two: Two) -> Any:
    """Return the person of the one exam that is here, once identity is settled."""
    at = f"{two.reading.http}/api/worklist?list=all"
    found: list[Any] = []

    def settled() -> bool:
        rows = page.request.get(at).json()["rows"]
        found[:] = [row["patient"]["person"] for row in rows if row["patient"]["person"]]
        return bool(found)

    until(settled, timeout_s=60, every_s=0.5)
    return found[0]


def test_an_exam_made_on_another_island_is_seen_fetched_and_opened(two: Two, page: Page) -> None:
    here = two.reading.http
    page.goto(f"{here}/login")
    page.fill("input[name=login]", LOGIN)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    person = person_of(page, two)
    known = f"{here}/api/persons/{person}"
    until(lambda: page.request.get(known).json()["elsewhere"], timeout_s=60, every_s=0.5)

    page.goto(f"{here}/patients/{person}")
    line = page.locator(f'[data-elsewhere="{two.exam}"]')
    expect(line).to_contain_text("8 images")
    line.get_by_role("button").click()
    card = page.locator("[data-foreign]")
    expect(card).to_contain_text("Les images de cet examen sont sur un autre nœud")
    clean(page)
    picture(page, "there")

    card.get_by_role("button", name="Faire venir les images").click()
    expect(card.get_by_role("progressbar")).to_be_visible()
    picture(page, "coming")
    page.wait_for_url(re.compile("/reading/"))  # it opens by itself

    page.goto(f"{here}/patients/{person}/exams/{two.exam}")
    origin = page.locator("[data-provenance]")
    expect(origin).to_contain_text("Venu de GP")
    expect(page.locator(f'[data-exam="{two.exam}"]')).to_contain_text("Venu de GP")
    clean(page)
    picture(page, "here")
    assert two.mq.digests(_key(two)) == two.gp.digests(_key(two))

    two.serving.kill()
    until(lambda: not page.request.get(known).json()["nodes"][0]["complete"], timeout_s=60)
    page.reload()
    expect(page.locator("[data-unreached]")).to_contain_text("la liste peut être incomplète")
    picture(page, "missed")


def _key(two: Two) -> StudyKey:
    return StudyKey(two.gp.tenant, Uid(two.exam.partition("~")[2]))
