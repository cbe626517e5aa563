"""A reading asked before the scan, under an agreement made in the browser; one that nobody claims.

On a real node in real browsers: the administrator makes the agreements and changes one, a
technologist asks from the page of a person, the scan comes under its number and is attached, taken
back and attached again by hand; what nobody claims is passed on to the next of the ladder.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.journeys.test_requests import told

from archipel.app.home import Home
from archipel.app.peer_keys import name_of
from archipel.app.wiring import Node
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.clock import utc_now
from archipel.kernel.identifiers import TenantId
from archipel.reading.request.body import new_request_id
from archipel.reading.request.model import RequestId
from archipel.testing.phantoms.exams import plans

pytestmark = pytest.mark.browser

ASKS, DOCTOR, ADMINISTRATOR = "k.manip", "j.letchimy", "s.pacs"
RUN = "awaited"
QUESTION = "Douleur thoracique depuis deux heures. Embolie pulmonaire ?"
REFERRER = "g.pommier@cabinet.test"


@pytest.fixture(scope="module")
def node(
    founded: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Run a node of this journey's own, which holds an earlier exam of the patient."""
    site = founded(tmp_path_factory.mktemp("awaited"))
    site.node.settings = {"ARCHIPEL_ARCHIVE__STUDY_QUIET_S": "3"}
    with site.node:
        site.receive("thorax-prior", run=RUN)
        yield site


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("ARCHIPEL_PICTURES"):
        page.screenshot(path=Path(folder) / f"awaited-{name}.png")


def agreement(page: Page, key: str, partner: str, level: str) -> None:
    page.get_by_role("button", name="Nouvel accord").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("[name=asking]").select_option("chu-fdf")
    dialog.locator("[name=key]").fill(key)
    dialog.locator("[name=partner]").fill(partner)
    dialog.locator("[name=level]").select_option(level)
    dialog.locator("[name=modalities]").fill("ct, mr")
    dialog.locator("[name=phone]").fill("0596 00 00 17")
    dialog.get_by_role("button", name="Enregistrer").click()
    expect(dialog).to_be_hidden()


def agreements_in_the_browser(window: Any) -> None:
    """Make two agreements, change one, end it and take the end back."""
    page = window.page
    window.sign_in(ADMINISTRATOR)
    window.go("/admin/agreements")
    agreement(page, "caravelle", "caravelle", "region")
    agreement(page, "pap", "chu-pap", "sister-region")
    row = page.get_by_role("row").filter(has_text="CHU Pointe-à-Pitre")
    expect(row.get_by_text("CT, MR")).to_be_visible()
    row.get_by_role("button", name="Modifier").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("[name=phone]")).to_have_value("0596 00 00 17")
    picture(page, "agreement-1600")
    assert window.violations() == []
    dialog.locator("[name=modalities]").fill("CT")
    dialog.locator("[name=phone]").fill("0590 00 00 21")
    dialog.locator("[name=delay_urgent]").fill("45")
    dialog.get_by_role("button", name="Enregistrer").click()
    expect(row.get_by_text("0590 00 00 21")).to_be_visible()
    expect(row.get_by_text("CT, MR")).to_be_hidden()
    (kept,) = [
        one
        for one in page.request.get(f"{window.site.url}/api/admin/agreements").json()
        if one["key"] == "pap"
    ]
    assert (kept["delays_s"]["urgent"], kept["modalities"]) == (45 * 60, ["CT"])
    row.get_by_role("button", name="Mettre fin").click()
    expect(row.get_by_text("terminé", exact=False)).to_be_visible()
    page.get_by_role("button", name="Annuler", exact=True).click()
    expect(row.get_by_role("button", name="Modifier")).to_be_visible()


def card(page: Page, request: str) -> Locator:
    return page.locator(f'li[data-request="{request}"]')


def asked_ahead(window: Any, person: str, number: str) -> None:
    page = window.page
    window.go(f"/patients/{person}")
    page.get_by_role("link", name="Demander une lecture à venir").click()
    expect(page.get_by_label("Quel examen")).to_be_focused()
    page.get_by_label("Quel examen").fill("Angio-scanner thoracique")
    page.get_by_label("Numéro d\u2019examen").fill(number)
    page.get_by_label("Question clinique").fill(QUESTION)
    page.get_by_text("Urgente", exact=True).click()
    page.get_by_label("Pourquoi cet examen").fill("Suspicion d'embolie, priorité 1 du guide")
    page.get_by_label("Patient informé, consentement recueilli").check()
    page.get_by_label("Nom, service").fill("Dr Urgences-Test, accueil")
    page.get_by_label("Numéro de rappel").fill("0596 00 44 17")
    page.get_by_label("Nom du médecin").fill("Dr G. Pommier-Test")
    page.get_by_label("Adresse de messagerie").fill("pas une adresse")
    page.get_by_label("Question clinique").focus()
    expect(page.get_by_text("Une adresse est de la forme")).to_be_visible()
    page.get_by_label("Adresse de messagerie").fill(REFERRER)
    expect(page.get_by_text("Prête à partir")).to_be_visible()
    expect(page.get_by_text("dès leur acquisition, en classe urgente")).to_be_visible()
    picture(page, "form-1600")
    assert window.violations() == []
    page.get_by_label("Question clinique").focus()
    page.keyboard.press("Control+Enter")


def test_an_exam_is_asked_for_before_it_is_made(visit: Callable[..., Any], node: Any) -> None:
    agreements_in_the_browser(visit())
    plan = next(one for one in plans(utc_now(), run=RUN) if one.name == "thorax")
    window = visit()
    page = window.page
    window.sign_in(ASKS)
    (person,) = told_of(page, node.url, plan.exam.patient.identifier)
    asked_ahead(window, person["person"], plan.exam.accession)
    waiting = page.get_by_role("region", name="Demande", exact=True).locator("li")
    expect(waiting.get_by_text(f"Attend les images du n° {plan.exam.accession}")).to_be_visible()
    detail = page.get_by_role("complementary", name="Demande choisie")
    expect(detail.get_by_text("Il se rattache seul")).to_be_visible()
    expect(detail.get_by_text("Dr G. Pommier-Test")).to_be_visible()
    picture(page, "board-1600")
    assert window.violations() == []

    # The scan comes under its number: nobody has to do anything.
    node.receive("thorax", run=RUN)
    expect(page.get_by_role("region", name="À lire").locator("li")).to_have_count(1)
    detail.get_by_role("button", name="Ce n\u2019est pas lui").click()
    expect(waiting).to_have_count(1)
    candidate = detail.locator("[data-candidate]")
    expect(candidate).to_have_count(1)
    picture(page, "candidates-1600")
    candidate.get_by_role("button", name="C\u2019est lui").click()
    expect(page.get_by_role("region", name="À lire").locator("li")).to_have_count(1)
    for words in ("Images jointes", "Examen détaché"):
        log = detail.get_by_role("region", name="Journal")
        expect(log.get_by_text(words).first).to_be_visible()


def told_of(page: Page, url: str, identifier: str) -> list[Any]:
    found = page.request.get(f"{url}/api/persons", params={"q": identifier})
    return list(found.json()["persons"])


def late_request(node: Any, request: str) -> RequestId:
    """Place a copy of a request as it would be had it been asked half an hour ago."""
    scope = Scope(Actor(ActorKind.NODE, "test"), frozenset({TenantId("chu-fdf")}))
    with Node.open(Home(node.node.home)) as opened:
        held = opened.requests.standing(RequestId(request), scope=scope)
        late = replace(
            held.request,
            id=new_request_id(name_of(opened.settings).value, now=utc_now()),
            exam=held.exam,
            placed_at=utc_now() - timedelta(minutes=35),
        )
        opened.requests.place(late, scope=scope)
    return late.id


def test_what_nobody_claims_is_seen_and_passed_on(visit: Callable[..., Any], node: Any) -> None:
    window = visit()
    page = window.page
    window.sign_in(ASKS)
    window.go("/tele")
    first = page.locator("li[data-request]").first
    first.get_by_role("button").click()
    request = str(first.get_attribute("data-request"))
    told(page, "POST", f"{node.url}/api/requests/{request}/cancel", {"reason": "TEST"})
    late = late_request(node, request)
    stalled = card(page, late.value)
    expect(stalled.get_by_text("Personne n\u2019a réservé")).to_be_visible()
    stalled.get_by_role("button").click()
    detail = page.get_by_role("complementary", name="Demande choisie")
    expect(
        detail.get_by_text("Imagerie de la Caravelle n\u2019a pas réservé à temps")
    ).to_be_visible()
    expect(detail.get_by_text("La moitié du délai promis")).to_be_visible()
    picture(page, "unclaimed-1600")
    assert window.violations() == []
    detail.get_by_role("button", name="Demander à CHU Pointe-à-Pitre").click()
    expect(detail.get_by_text("Demandé, n\u2019a pas réservé à temps")).to_be_visible()
    expect(card(page, late.value).first).to_be_hidden()  # closed, under its fold
    expect(page.get_by_role("region", name="À lire").locator("li")).to_have_count(1)


@pytest.mark.long
def test_the_referrer_whom_an_exam_names_is_given_an_address_on_a_phone(
    visit: Callable[..., Any], node: Any
) -> None:
    plan = next(one for one in plans(utc_now(), run=RUN) if one.name == "thorax-prior")
    window = visit(390, 844, touch=True)
    page = window.page
    window.sign_in(DOCTOR)
    window.go(f"/patients/-/exams/chu-fdf~{plan.exam.study}")
    field = page.get_by_label("médecin demandeur", exact=False)
    field.fill(REFERRER)
    page.get_by_role("button", name="Garder l\u2019adresse").click()
    expect(page.get_by_text(f"{REFERRER}", exact=False).first).to_be_visible()
    expect(page.get_by_role("button", name="Changer l\u2019adresse")).to_be_visible()
    picture(page, "exam-390")
    assert window.violations() == []
    assert window.overflow() <= 0

    # The same person asks for an exam to come, on the phone.
    (person,) = told_of(page, node.url, plan.exam.patient.identifier)
    window.go(f"/tele/new?person={person['person']}")
    expect(page.get_by_label("Quel examen")).to_be_visible()
    picture(page, "form-390")
    assert window.violations() == []
    assert window.overflow() <= 0
    page.get_by_label("Médecin connu").select_option("0")
    expect(page.get_by_label("Adresse de messagerie")).to_have_value(REFERRER)
    (known,) = page.request.get(f"{node.url}/api/referrers").json()
    assert known["mail"] == REFERRER
