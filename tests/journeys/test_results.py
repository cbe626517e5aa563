"""A released report reaches its referrer by mail and its patient by a sheet; both on a phone."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.journeys.clinic import (
    DOCTOR,
    PATIENT,
    Clinic,
    one_time_code,
    overflow,
    violations,
)
from tests.journeys.conftest import READER, Site, Visit

from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.reading.model import Exam

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PICTURES = Path(__file__).parents[2] / "docs" / "img"
FIRST_SCREEN_BYTES = 1_000_000
DRAWN = "() => [...document.querySelectorAll('.picture img')].every((one) => one.naturalWidth)"
WAIT_MS = 30_000


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open phones; no script may have failed on any, and nothing foreign been asked for."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(width: int = 390, height: int = 844) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            has_touch=width < 1000,
            is_mobile=width < 1000,
            locale="fr-FR",
            timezone_id="America/Martinique",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
        )
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def workstation(chromium: Browser) -> Iterator[Callable[[Site], Visit]]:
    """Open a reader's window on a node."""
    opened: list[Visit] = []

    def window(site: Site) -> Visit:
        context = chromium.new_context(
            viewport={"width": 1600, "height": 1000},
            locale="fr-FR",
            timezone_id="America/Martinique",
        )
        visit = Visit(context.new_page(), site, [])
        visit.page.set_default_timeout(WAIT_MS)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        opened.append(visit)
        return visit

    yield window
    for each in opened:
        each.page.context.close()
        assert each.complaints == []


def confirm(page: Page, clinic: Clinic, address: str, *, after: int) -> None:
    """Type the one-time code that was mailed."""
    expect(page.get_by_role("heading", name="Code à usage unique")).to_be_visible()
    code = one_time_code(clinic, address, after=after)
    page.get_by_label("Code à usage unique").fill(code)
    page.get_by_role("button", name="Confirmer").click()


def picture(page: Page, name: str) -> None:
    """Keep a screenshot for the documentation."""
    page.screenshot(path=PICTURES / f"{name}.png")


def test_a_released_report_reaches_the_referrer_and_the_patient_and_a_cut_closes_it(
    clinic: Clinic,
    released: Exam,
    phone: Callable[..., Page],
    workstation: Callable[[Site], Visit],
) -> None:
    exam = released
    doctor, patient = phone(), phone()

    doctor_opens(doctor, clinic, address_mailed(clinic, exam, phone(1000, 800)))
    doctor_takes_over_and_tells(doctor)
    code = sheet(workstation(clinic.site), exam)
    patient_opens(patient, clinic, code, exam.birth_date)
    patient_leafs(patient)
    patient_cuts_the_doctors_link(patient)

    cut = time.monotonic()
    refused = doctor.evaluate("() => fetch('/portal/api/results').then((one) => one.status)")
    assert refused == 401
    assert time.monotonic() - cut < 1.0
    doctor.reload()
    expect(doctor.get_by_role("heading", name="Vos résultats")).to_be_visible()
    with Node.open(Home(clinic.site.node.home)) as node:
        assert node.audit.verify().intact


def address_mailed(clinic: Clinic, exam: Exam, inbox: Page) -> str:
    """Read the address in the mail of the referrer, who is told without being asked."""
    mail = clinic.mailbox.wait_for(DOCTOR, timeout_s=90)
    assert exam.patient_name.split("^")[0] not in mail.content.decode()
    inbox.goto(clinic.mailbox.url)
    inbox.get_by_role("link", name=mail.subject).click()
    link = inbox.locator("a", has_text="/portal/#")
    picture(inbox, "mailbox")
    address = link.get_attribute("href")
    assert address is not None
    return address


def doctor_opens(doctor: Page, clinic: Clinic, address: str) -> None:
    """Open the mailed link on a phone, with a second proof."""
    loaded: list[int] = []
    doctor.on("requestfinished", lambda asked: loaded.append(asked.sizes()["responseBodySize"]))
    doctor.goto(address)
    expect(doctor.get_by_role("heading", name="Un résultat vous attend")).to_be_visible()
    assert doctor.evaluate("() => location.hash") == ""
    assert 0 < sum(loaded) < FIRST_SCREEN_BYTES
    assert violations(doctor) == []
    count = len(clinic.mailbox.mails())
    doctor.get_by_role("button", name="Recevoir le code").click()
    confirm(doctor, clinic, DOCTOR, after=count)
    expect(doctor.get_by_text("hautement suspecte")).to_be_visible()
    doctor.wait_for_function(DRAWN)
    assert violations(doctor) == []
    assert overflow(doctor) <= 0
    picture(doctor, "portal-doctor-390")


def doctor_takes_over_and_tells(doctor: Page) -> None:
    """Take note of the result, and open it to the patient."""
    doctor.get_by_role("button", name=re.compile("J.ai pris en charge")).first.click()
    expect(doctor.get_by_text("Pris en charge le")).to_be_visible()
    doctor.get_by_role("button", name="Annonce faite : ouvrir au patient").click()
    expect(doctor.get_by_text("Ouvert au patient")).to_be_visible()
    doctor.set_viewport_size({"width": 1600, "height": 1000})
    doctor.wait_for_function(DRAWN)
    assert violations(doctor) == []
    picture(doctor, "portal-doctor-1600")


def patient_opens(patient: Page, clinic: Clinic, code: str, born: str) -> None:
    """Come in by the code of the sheet, after a wrong try that tells nothing."""
    patient.goto(f"{clinic.site.url}/portal/")
    code_field = patient.get_by_label(re.compile("Code d.accès"))
    expect(code_field).to_be_visible()
    assert violations(patient) == []
    picture(patient, "portal-entry-390")
    code_field.fill("ABC-DEF-GH")
    patient.get_by_label("Date de naissance").fill("01011901")
    patient.get_by_role("button", name="Voir mes résultats").click()
    expect(patient.get_by_text("Code ou date incorrects. Essais restants : 4.")).to_be_visible()
    code_field.fill(code)
    patient.get_by_label("Date de naissance").fill(f"{born[6:8]}/{born[4:6]}/{born[:4]}")
    count = len(clinic.mailbox.mails())
    patient.get_by_role("button", name="Voir mes résultats").click()
    confirm(patient, clinic, PATIENT, after=count)
    expect(patient.get_by_text("Le nodule de votre poumon droit a grossi")).to_be_visible()
    patient.wait_for_function(DRAWN)
    assert violations(patient) == []
    assert overflow(patient) <= 0
    picture(patient, "portal-patient-390")


def patient_leafs(patient: Page) -> None:
    """Look at the key images, then at one slice of all."""
    patient.get_by_role("button", name="Images", exact=True).click()
    expect(patient.get_by_role("heading", name="Image 1 sur 3")).to_be_visible()
    patient.get_by_role("button", name="Suivante").click()
    expect(patient.get_by_role("heading", name="Image 2 sur 3")).to_be_visible()
    patient.get_by_role("button", name="Toutes les images").click()
    patient.get_by_role("slider").first.fill("3")
    expect(patient.locator(".caption", has_text=re.compile("Coupe 3 / "))).to_be_visible()
    patient.wait_for_function("() => document.querySelector('.big').naturalWidth > 0")
    assert violations(patient) == []
    assert overflow(patient) <= 0
    picture(patient, "portal-images-390")


def patient_cuts_the_doctors_link(patient: Page) -> None:
    """See who looked, and cut the doctor's access."""
    patient.get_by_role("button", name="Qui a vu").click()
    expect(patient.get_by_text("médecin demandeur").first).to_be_visible()
    assert violations(patient) == []
    assert overflow(patient) <= 0
    picture(patient, "portal-who-390")
    patient.set_viewport_size({"width": 320, "height": 700})
    assert overflow(patient) <= 0
    shared = patient.locator(".shared", has_text="médecin demandeur")
    shared.get_by_role("button", name=re.compile("Couper l.accès")).click()
    patient.get_by_role("button", name="Oui, couper").click()
    expect(patient.get_by_text(re.compile("L.accès est coupé"))).to_be_visible()


def sheet(visit: Visit, exam: Exam) -> str:
    """Make the patient's link on the exam page; return the code that the sheet shows."""
    page = visit.page
    visit.sign_in(READER)
    visit.go(f"/patients/{exam.person_key}/exams/{exam.id}")
    shares = page.get_by_role("region", name="Résultat partagé")
    expect(shares.get_by_text("médecin demandeur")).to_be_visible()
    expect(shares.get_by_text(re.compile("message parti le"))).to_be_visible()
    shares.get_by_role("button", name="Partager le résultat").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Patient, par feuille imprimée").check()
    dialog.get_by_label("Adresse de messagerie").fill(PATIENT)
    dialog.get_by_label("Ce que le lien ouvre").select_option("images")
    expect(dialog.get_by_text("Un message part tout de suite")).to_be_visible()
    assert visit.violations() == []
    picture(page, "share-1600")
    dialog.get_by_role("button", name="Préparer la feuille").click()
    code = page.locator("output", has_text=re.compile(r"^[A-Z2-9]{3}-[A-Z2-9]{3}-[A-Z2-9]{2}$"))
    expect(code).to_be_visible()
    assert visit.violations() == []
    picture(page, "code-sheet-1600")
    words = code.inner_text()
    page.get_by_role("dialog").get_by_role("button", name="Fermer").last.click()
    doctors = shares.get_by_role("listitem").filter(has_text=DOCTOR)
    doctors.get_by_role("button", name=re.compile("Couper l.accès")).click()
    expect(doctors.get_by_text("Coupé")).to_be_visible()
    page.get_by_role("button", name="Annuler", exact=True).click()
    expect(doctors.get_by_text("Actif")).to_be_visible()
    return words
