"""Every page of the results portal in three languages, and each says in which state its data are.

On a phone and at a desk; the node and its answers are real, only the way between is provoked.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect
from tests.journeys.clinic import Clinic, one_time_code, overflow, violations
from tests.journeys.conftest import PASSWORD, READER

from archipel.reading.model import Exam

pytestmark = [pytest.mark.slow, pytest.mark.browser]
WORDS = Path(__file__).parents[2] / "web" / "src" / "shells" / "portal"
WINDOWS: tuple[ViewportSize, ...] = (
    {"width": 1440, "height": 900},
    {"width": 390, "height": 844},
)
HEADINGS = {
    "patient": {
        "": ("Bonjour ", "Hello ", "Buenos días, "),
        "report": ("Scanner thoracique",) * 3,
        "images": ("Image 1 sur 3", "Image 1 of 3", "Imagen 1 de 3"),
        "who": ("Qui a vu mon examen", "Who looked at my exam", "Quién vio mi examen"),
    },
    "referrer": {"": ("TEST-HIBISCUS",) * 3, "images/{link}": ("Image 1", "Image 1", "Imagen 1")},
}
LANGUAGES = ("fr", "en", "es")
REFERENCE = "K7-2291"


@dataclass
class Guest:
    """One guest of the portal, who came in."""

    page: Page
    url: str
    link: str

    def go(self, path: str) -> None:
        self.page.goto(f"{self.url}/portal/{path.format(link=self.link)}")

    def clean(self) -> list[Any]:
        """Return what is wrong with the page for those who see badly or have a small window."""
        found: list[Any] = list(violations(self.page))
        return found + [wide for wide in [overflow(self.page)] if wide > 0]


@pytest.fixture(scope="module")
def guests(clinic: Clinic, released: Exam, chromium: Browser) -> Iterator[dict[str, Guest]]:
    """Share the result with a patient and a referrer; both come in, in French."""
    held: dict[str, Guest] = {}
    complaints: list[str] = []
    desk = chromium.new_context()
    shared = {
        audience: share(desk.new_page(), clinic, released, audience) for audience in HEADINGS
    }
    desk.close()
    for audience, made in shared.items():
        context = chromium.new_context(locale="fr-FR", timezone_id="America/Martinique")
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        held[audience] = Guest(page, clinic.site.url, made["share"]["link"])
        mail = made["share"]["mail"]
        if audience == "patient":
            born = released.birth_date
            page.goto(f"{clinic.site.url}/portal/")
            page.get_by_label(re.compile("Code d.accès")).fill(made["code"])
            page.get_by_label("Date de naissance").fill(f"{born[6:8]}/{born[4:6]}/{born[:4]}")
        else:
            letter = clinic.mailbox.wait_for(mail, timeout_s=60)
            address = re.search(r"\S+/portal/#\S+", letter.text)
            assert address is not None
            page.goto(address[0])
        count = len(clinic.mailbox.mails())
        page.locator("button[type=submit]").click()
        expect(page.get_by_role("heading", name="Code à usage unique")).to_be_visible()
        page.get_by_label("Code à usage unique").fill(one_time_code(clinic, mail, after=count))
        page.get_by_role("button", name="Confirmer").click()
        expect(page.get_by_role("button", name="Quitter")).to_be_visible()
    doctor = held["referrer"].page
    expect(doctor.get_by_role("heading", name="TEST-HIBISCUS").first).to_be_visible()
    announce = doctor.get_by_role("button", name="Annonce faite")
    if announce.count():  # the patient is told by the first who announces it
        announce.click()
        expect(doctor.get_by_text("Ouvert au patient")).to_be_visible()
    yield held
    for guest in held.values():
        guest.page.context.close()
    assert complaints == []


def share(page: Page, clinic: Clinic, exam: Exam, audience: str) -> Any:
    """Make a link over the API, as the radiologist."""
    url = clinic.site.url
    said = {"login": READER, "password": PASSWORD}
    assert page.request.post(f"{url}/api/session", data=said).ok
    token = page.request.get(f"{url}/api/session").json()["csrf_token"]
    answer = page.request.post(
        f"{url}/api/exams/{exam.id}/shares",
        data={
            "audience": audience,
            "name": f"TEST {audience}",
            "mail": f"{audience}.portal@exemple.test",
            "content": "images",
        },
        headers={"X-CSRF-Token": token},
    )
    assert answer.ok, answer.text()
    return answer.json()


def said(language: str) -> set[str]:
    """Return every whole sentence of a language of the portal."""
    text = (WORDS / f"{language}.ts").read_text("utf-8")
    return {one for one in re.findall(r'^  \S+: "(.*)",$', text, re.MULTILINE) if "{" not in one}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_speaks_the_language_and_fits_phone_and_desk(
    guests: dict[str, Guest], language: str
) -> None:
    french = said("fr") - said(language)
    found = {}
    for audience, guest in guests.items():
        page = guest.page
        guest.go("")
        page.locator("select.language").select_option(language)
        for path, headings in HEADINGS[audience].items():
            guest.go(path)
            heading = page.get_by_role("heading", level=1)
            expect(heading).to_contain_text(headings[LANGUAGES.index(language)])
            expect(page.locator("html")).to_have_attribute("lang", language)
            for window in WINDOWS:
                page.set_viewport_size(window)
                shown = {each.strip() for each in page.locator("body").inner_text().splitlines()}
                wrong = [*guest.clean(), *(shown & french)]
                found[audience, path, window["width"]] = wrong
        page.locator("select.language").select_option("fr")

    assert {where: wrong for where, wrong in found.items() if wrong} == {}


def refuse(status: int) -> Callable[[Route], None]:
    """Return what answers as the node does when it refuses or fails (RFC 9457)."""
    problem = {"type": "about:blank", "status": status, "reference": REFERENCE}
    kind = "application/problem+json"
    return lambda route: route.fulfill(status=status, content_type=kind, body=json.dumps(problem))


@pytest.mark.parametrize("path", ["", "report", "images", "who"])
def test_a_page_of_the_patient_says_in_which_state_it_is(
    guests: dict[str, Guest], path: str
) -> None:
    guest = guests["patient"]
    held: list[Route] = []
    page, source = (
        guest.page,
        "**/portal/api/looks" if path == "who" else "**/portal/api/results/*",
    )
    heading = page.get_by_role("heading", level=1)
    page.set_viewport_size(WINDOWS[1])

    page.route(source, lambda route: held.append(route))  # noqa: PLW0108  (playwright marks it)
    guest.go(path)
    expect(heading).to_have_text("Chargement…")
    assert guest.clean() == []
    for route in held:
        route.continue_()
    page.unroute(source)
    expect(heading).to_contain_text(HEADINGS["patient"][path][0])

    page.route(source, refuse(500))
    guest.go(path)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(re.compile(f"Rien n.a été modifié.*{REFERENCE}"))
    assert guest.clean() == []

    page.unroute(source)
    page.route(source, lambda route: route.abort("connectionrefused"))
    alert.get_by_role("button", name="Réessayer").click()
    expect(alert).to_contain_text(re.compile(r"Ce que vous voyez date de \d\d:\d\d"))
    expect(page.locator("#strip")).to_contain_text("Pas de connexion")
    page.unroute(source)
    alert.get_by_role("button", name="Réessayer").click()
    expect(heading).to_contain_text(HEADINGS["patient"][path][0])
    expect(page.locator("#strip")).to_be_empty()

    page.route(source, refuse(401))
    guest.go(path)
    expect(heading).to_have_text("Cette page est fermée")
    assert guest.clean() == []
    page.unroute(source)


def test_an_empty_page_says_why(guests: dict[str, Guest]) -> None:
    patient, doctor = guests["patient"], guests["referrer"]
    patient.page.route("**/portal/api/looks", lambda route: route.fulfill(json=[]))
    patient.go("who")
    expect(patient.page.get_by_text("encore ouvert cet examen.")).to_be_visible()
    patient.page.unroute_all()
    doctor.page.route("**/portal/api/results", lambda route: route.fulfill(json=[]))
    doctor.go("")
    expect(doctor.page.get_by_text("Aucun résultat ne vous a été envoyé")).to_be_visible()
    assert doctor.clean() == []
    doctor.page.unroute_all()


def test_a_picture_that_does_not_come_is_said_and_the_rest_is_usable(
    guests: dict[str, Guest],
) -> None:
    guest = guests["patient"]
    guest.page.route("**/key-images/*", refuse(500))
    guest.go("")
    expect(guest.page.get_by_text("pas disponible ici.").first).to_be_visible()
    expect(guest.page.get_by_text("Le nodule de votre poumon droit a grossi")).to_be_visible()
    assert guest.clean() == []
    guest.page.unroute_all()
