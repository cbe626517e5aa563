"""A reading asked by one organisation of another, on a real node in real browsers.

Asked from the page of an exam, taken back, asked again; seen live on the other's board, talked
over, claimed, read, signed; the answer seen and acknowledged by who asked. Both keep the log.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Locator, Page, expect

from archipel.kernel.clock import utc_now
from archipel.testing.phantoms.exams import plans

pytestmark = pytest.mark.browser

ASKS, READS, ADMINISTRATOR, STRANGER = "k.manip", "r.caravelle", "s.pacs", "c.ailleurs"
RUN = "requests"
QUESTION = "Douleur thoracique depuis deux heures, vu bien à 13:05. Embolie pulmonaire ?"
CONCLUSION = "Pas d'embolie pulmonaire visible."
OTHERS = (
    ("ultrasound", "urgent", "Douleur de la fosse iliaque droite, fièvre. Appendicite ?"),
    ("brain", "inpatient", "Céphalées depuis trois semaines. Processus expansif ?"),
    ("radiograph", "routine", "Toux depuis un mois, ancien fumeur. Opacité suspecte ?"),
)
NAMES = ("thorax", "ultrasound", "brain", "radiograph")


@pytest.fixture(scope="module")
def node(
    founded: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Run a node of this journey's own: its exams would be priors of those of the others."""
    site = founded(tmp_path_factory.mktemp("requests"))
    with site.node:
        yield site


@pytest.fixture(scope="module")
def exams(node: Any) -> dict[str, str]:
    """Send exams of this journey's own; returns their names in the API."""
    node.receive(*NAMES, "thorax-prior", run=RUN)
    return {
        plan.name: f"chu-fdf~{plan.exam.study}"
        for plan in plans(utc_now(), run=RUN)
        if plan.name in NAMES
    }


def picture(page: Page, name: str) -> None:
    """Keep a picture of the screen for those who compare it with the mock-up."""
    if folder := os.environ.get("ARCHIPEL_PICTURES"):
        page.screenshot(path=Path(folder) / f"request-{name}.png")


def told(page: Page, method: str, address: str, data: dict[str, Any]) -> Any:
    """Write over the API as the person of this window, and return the answer."""
    token = page.request.get(f"{address.partition('/api')[0]}/api/session").json()["csrf_token"]
    answer = page.request.fetch(address, method=method, data=data, headers={"X-CSRF-Token": token})
    assert answer.ok, answer.text()
    return answer.json()


def agreed(window: Any, url: str) -> None:
    """Make the agreement under which the others are asked, as the administrator."""
    window.sign_in(ADMINISTRATOR)
    for key, partner, level, modalities in (
        ("caravelle", "caravelle", "region", ["CT", "US", "MR", "CR", "DX"]),
        ("pap", "chu-pap", "sister-region", []),
    ):
        wanted = {
            "key": key,
            "asking": "chu-fdf",
            "partner": {"key": partner},
            "level": level,
            "modalities": modalities,
            "phone": "0596 00 00 17",
        }
        told(window.page, "PUT", f"{url}/api/admin/agreements", wanted)


def asked(page: Page, url: str, exam: str, urgency: str, question: str) -> Any:
    """Ask for another reading over the API, so that the board is not empty."""
    wanted = {
        "exam": exam,
        "question": question,
        "urgency": urgency,
        "justification": {"reason": "Indication du guide, priorité 1"},
        "callback": {"name": "Urgences", "phone": "0596 00 44 17"},
        "consent": {"kind": "given", "by": "K. Manip-Test", "at": utc_now().isoformat()},
    }
    return told(page, "POST", f"{url}/api/requests", wanted)


def fill(page: Page) -> None:
    """Fill the form as one does in an emergency."""
    page.get_by_label("Question clinique").fill(QUESTION)
    page.get_by_text("Vitale", exact=True).click()
    page.get_by_label("Pourquoi cet examen").fill("Suspicion d'embolie, priorité 1 du guide")
    page.get_by_label("Patient informé, consentement recueilli").check()
    page.get_by_label("Nom, service").fill("Dr Urgences-Test, accueil")
    page.get_by_label("Numéro de rappel").fill("0596 00 44 17")
    page.get_by_label("Numéro vérifié par un appel").check()


def write(page: Page) -> None:
    """Write and sign the answer beside the images."""
    panel = page.get_by_role("complementary", name="Compte rendu")
    expect(panel.get_by_text(QUESTION)).to_be_visible()
    for code, text in (
        ("indication", "Douleur thoracique."),
        ("technique", "Acquisition sans injection."),
        ("comparison", "Scanner de 2024."),
        ("findings", "Pas de défect artériel visible."),
        ("conclusion", CONCLUSION),
    ):
        panel.locator(f"[data-section={code}]").fill(text)
    page.keyboard.press("Control+s")
    expect(panel.get_by_text("enregistré")).to_be_visible()
    expect(page.locator("[data-rule=preview]")).to_be_visible()
    for rule in ("identity", "comparison", "laterality", "important"):
        box = page.locator(f"[data-rule={rule}] input")
        if box.count():
            box.check()
    panel.locator("[data-section=conclusion]").focus()
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img").first).to_be_visible()
    dialog.get_by_role("button", name="Signer").click()


def card(page: Page, request: str) -> Locator:
    """Return the card of a request on the board."""
    return page.locator(f'[data-request="{request}"]')


def placed_by_form(window: Any, exam: str) -> str:
    """Ask from the page of the exam: refused while incomplete, sent, taken back, sent again."""
    page = window.page
    window.go(f"/patients/-/exams/{exam}")
    page.get_by_role("link", name="Demander une lecture").click()
    expect(page.get_by_text("Imagerie de la Caravelle", exact=True)).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Dites ce qui est vu et ce qui est demandé")).to_be_visible()
    expect(page.get_by_label("Question clinique")).to_be_focused()
    fill(page)
    expect(page.get_by_text("Prête à partir")).to_be_visible()
    page.reload()  # the draft is kept on the seat
    expect(page.get_by_label("Question clinique")).to_have_value(QUESTION)
    expect(page.get_by_text("Imagerie de la Caravelle", exact=True)).to_be_visible()
    picture(page, "form-1600")
    assert window.violations() == []

    page.get_by_label("Question clinique").focus()
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Annuler", exact=True).click()
    expect(page.get_by_text("Demande reprise")).to_be_visible()
    expect(page.get_by_label("Question clinique")).to_have_value(QUESTION)
    page.get_by_label("Question clinique").focus()
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile(r"request="))
    return unquote(page.url.partition("request=")[2].partition("&")[0])


def test_a_reading_is_asked_read_and_acknowledged(
    visit: Callable[..., Any], node: Any, exams: dict[str, str]
) -> None:
    agreed(visit(), node.url)
    asker, reader = visit(), visit()
    page, other = asker.page, reader.page
    asker.sign_in(ASKS)
    reader.sign_in(READS)
    reader.go("/tele")
    expect(other.get_by_text("Temps réel")).to_be_visible()
    request = placed_by_form(asker, exams["thorax"])

    # The other board learns it by itself.
    expect(card(other, request)).to_be_visible()
    for name, urgency, question in OTHERS:
        placed = asked(page, node.url, exams[name], urgency, question)
        expect(card(other, placed["row"]["request"])).to_be_visible()
    card(other, request).get_by_role("button").click()
    detail = other.get_by_role("complementary", name="Demande choisie")
    expect(detail.get_by_text(QUESTION)).to_be_visible()
    detail.get_by_label("Écrire à l").fill("Voie veineuse en place ?")
    detail.get_by_role("button", name="Envoyer").click()
    mine = page.get_by_role("complementary", name="Demande choisie")
    expect(mine.get_by_text("Voie veineuse en place ?")).to_be_visible()
    picture(other, "board-1600")
    assert reader.violations() == []

    # Read beside its question, signed; the answer comes back to who asked.
    other.keyboard.press("o")
    expect(other).to_have_url(re.compile(r"/reading/"))
    expect(page.get_by_role("region", name="En lecture").locator("li")).to_have_count(1)
    write(other)
    answer = mine.get_by_role("article", name="Compte rendu signé")
    expect(answer.get_by_text(CONCLUSION)).to_be_visible()
    picture(page, "answer-1600")
    assert asker.violations() == []
    mine.get_by_role("button", name="pris en charge").click()
    expect(page.get_by_text("Compte rendu acquitté.")).to_be_visible()
    log = mine.get_by_role("region", name="Journal")
    for words in ("Demande envoyée", "Lecture réservée", "rendu signé", "rendu acquitté"):
        expect(log.get_by_text(words)).to_be_visible()


def test_the_board_works_on_a_phone_and_tells_strangers_nothing(
    visit: Callable[..., Any], node: Any, exams: dict[str, str]
) -> None:
    window = visit(390, 844, touch=True)
    window.sign_in(ASKS)
    window.go("/tele")
    first = window.page.locator("tr[data-request]").first
    expect(first).to_be_visible()
    picture(window.page, "board-390")
    assert window.overflow() <= 0
    first.get_by_role("button").click()
    detail = window.page.get_by_role("complementary", name="Demande choisie")
    expect(detail.get_by_text("Pourquoi ce lecteur ?")).to_be_visible()
    picture(window.page, "detail-390")
    assert window.violations() == []
    assert window.overflow() <= 0
    window.page.get_by_role("button", name="Toutes les demandes").click()
    expect(first).to_be_visible()

    stranger = visit()
    stranger.sign_in(STRANGER)
    stranger.go("/tele")
    expect(stranger.page.get_by_text("Aucune demande en cours")).to_be_visible()
