"""The identity desk in a browser: a doubt settled, taken back, two identities linked, undone."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from archipel.kernel.aetitle import AETitle
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.outgoing import batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.testing.instances import instance

pytestmark = pytest.mark.browser
NAME, ID, BORN, SEX, TEXT = 0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00081030
CELESTE = {NAME: "TEST-BELIZAIRE^Celeste", BORN: "19790328", SEX: "F"}
EXAMS = (
    CELESTE | {ID: "TEST-4711", TEXT: "first"},
    {NAME: "TEST-ZOBDA^Marc", BORN: "19600101", SEX: "M", ID: "TEST-4711", TEXT: "reused"},
    CELESTE | {ID: "TEST-4712", TEXT: "second card"},
    CELESTE | {ID: "", TEXT: "at night"},
)


@pytest.fixture(scope="module")
def node(
    founded: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Run a node of this journey's own, with four exams that say who they are differently."""
    site = founded(tmp_path_factory.mktemp("identity"))
    with site.node as running:
        peer = Peer(
            host=running.dicom_host,
            port=running.dicom_port,
            called=AETitle.parse("CHU_FDF"),
            calling=AETitle.parse("SIM_CT1"),
        )
        sent = [instance(texts=texts, study=Uid.fresh()).outgoing() for texts in EXAMS]
        ((proposals, _),) = batches(sent[:1])
        with sender(peer, proposals) as scu:
            assert [scu.store(one) for one in sent] == [0] * len(sent)
        yield site


def picture(page: Page, name: str) -> None:
    """Keep a picture of the screen for those who look at it."""
    if folder := os.environ.get("ARCHIPEL_PICTURES"):
        page.screenshot(path=Path(folder) / f"identity-{name}.png")


def test_the_desk_settles_a_doubt_and_takes_it_back(visit: Any) -> None:
    officer = visit()
    officer.sign_in("v.identite")
    page = officer.page
    expect(page.get_by_role("heading", name="Identitovigilance")).to_be_visible()
    doubted = page.get_by_role("article").filter(has_text="TEST-4711")
    for word in ("noms différents", "dates de naissance différentes", "sexes différents"):
        expect(doubted.get_by_text(word)).to_be_visible()
    picture(page, "desk")
    assert officer.violations() == []
    assert officer.overflow() <= 0

    doubted.get_by_role(
        "button", name="C\N{RIGHT SINGLE QUOTATION MARK}est la même personne"
    ).click()
    expect(page.get_by_text("Aucun identifiant ne couvre deux identités.")).to_be_visible()
    page.get_by_role("button", name="Annuler").click()

    expect(doubted.get_by_text("noms différents")).to_be_visible()


def test_an_exam_without_identifier_is_linked_with_its_patient_and_the_link_undone(
    visit: Any,
) -> None:
    officer = visit(390, 844, touch=True)
    officer.sign_in("v.identite")
    page = officer.page
    nameless = page.get_by_role("article").filter(has_text="at night")
    nameless.get_by_role("button", name="Relier à un patient").click()
    page.get_by_label("Chercher l\N{RIGHT SINGLE QUOTATION MARK}autre patient").fill("TEST-4712")
    page.get_by_role("dialog").get_by_role("button", name="TEST-4712").click()
    expect(page.get_by_role("dialog").get_by_text("identique")).to_have_count(4)
    picture(page, "compare-phone")
    assert officer.violations() == []
    page.get_by_role("button", name="Confirmé par le patient").click()
    page.get_by_role("button", name="Relier", exact=True).click()

    expect(page.get_by_text("second card").first).to_be_visible()
    expect(page.get_by_text("at night").first).to_be_visible()
    panel = page.get_by_role("region", name="Identité et liens")
    expect(panel.get_by_text("Confirmé par le patient")).to_be_visible()
    picture(page, "person-phone")
    assert officer.violations() == []
    assert officer.overflow() <= 0

    panel.get_by_role("button", name="Défaire le lien").click()
    expect(panel.get_by_text("Confirmé par le patient")).to_have_count(0)
    officer.go("/identity")
    expect(nameless).to_be_visible()


def test_who_is_alike_is_offered_for_comparison_on_the_page_of_a_person(visit: Any) -> None:
    officer = visit()
    officer.sign_in("v.identite")
    page = officer.page
    officer.go("/patients")
    page.get_by_role("main").get_by_role("searchbox").fill("TEST-4712")
    page.get_by_role("link", name="TEST-4712").click()
    panel = page.get_by_role("region", name="Identité et liens")
    alike = panel.get_by_role("listitem").filter(has_text="même naissance").first
    expect(alike).to_be_visible()
    alike.get_by_role("button", name="Comparer").click()
    expect(page.get_by_role("dialog").get_by_role("table")).to_be_visible()
    picture(page, "alike")
    assert officer.violations() == []
