"""The quality desk in a browser: a series rejected and restored, an exam corrected, undone."""

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
STUDY = Uid.fresh()
EXAM = f"chu-fdf~{STUDY}"
SAID = {0x00100010: "TEST-BELIZAIRE^Celeste", 0x00100020: "TEST-5001", 0x00081030: "TEST-Main"}


@pytest.fixture(scope="module")
def node(
    founded: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Run a node of this journey's own, with one exam of two series."""
    site = founded(tmp_path_factory.mktemp("quality"))
    with site.node as running:
        peer = Peer(
            host=running.dicom_host,
            port=running.dicom_port,
            called=AETitle.parse("CHU_FDF"),
            calling=AETitle.parse("SIM_CT1"),
        )
        sent = [
            instance(texts=SAID | {0x0008103E: name}, study=STUDY).outgoing()
            for name in ("Face", "Profil")
        ]
        ((proposals, _),) = batches(sent[:1])
        with sender(peer, proposals) as scu:
            assert [scu.store(one) for one in sent] == [0] * len(sent)
        yield site


def picture(page: Page, name: str) -> None:
    """Keep a picture of the screen for those who look at it."""
    if folder := os.environ.get("ARCHIPEL_PICTURES"):
        page.screenshot(path=Path(folder) / f"quality-{name}.png", full_page=True)


def confirm(page: Page, verb: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Motif").fill("TEST-Mauvaise main")
    dialog.get_by_role("button", name=verb, exact=True).click()


def test_a_series_is_rejected_with_a_reason_and_comes_back(visit: Any) -> None:
    tech = visit()
    tech.sign_in("k.manip")
    page = tech.page
    tech.go(f"/quality/{EXAM}")
    page.get_by_label("Profil").check()
    picture(page, "exam")
    assert tech.violations() == []
    assert tech.overflow() <= 0
    page.get_by_role("button", name="Sécurité du patient").click()
    confirm(page, "Mettre au rebut")

    expect(page.get_by_role("heading", name="Contrôle qualité")).to_be_visible()
    expect(page.get_by_text("TEST-Mauvaise main")).to_be_visible()
    expect(page.get_by_text("K. Manip-Test").first).to_be_visible()
    picture(page, "bin")
    assert tech.violations() == []
    tech.go(f"/quality/{EXAM}")
    expect(page.get_by_role("checkbox")).to_have_count(1)

    tech.go("/quality")
    page.get_by_role("button", name="Restaurer").click()
    confirm(page, "Restaurer")
    expect(page.get_by_text("Rien n\N{RIGHT SINGLE QUOTATION MARK}est au rebut.")).to_be_visible()


def test_an_exam_is_corrected_after_a_look_at_what_changes_and_undone(visit: Any) -> None:
    tech = visit(390, 844, touch=True)
    tech.sign_in("k.manip")
    page = tech.page
    tech.go(f"/quality/{EXAM}")
    page.get_by_label("Nom du patient").fill("TEST-BELIZAIRE^Céleste")
    page.get_by_role("button", name="Voir ce qui changerait").click()
    expect(page.get_by_text("2 images seront copiées")).to_be_visible()
    expect(page.get_by_text("TEST-BELIZAIRE^Céleste").last).to_be_visible()
    picture(page, "preview-phone")
    assert tech.violations() == []
    assert tech.overflow() <= 0
    page.get_by_role("button", name="Corriger", exact=True).click()
    confirm(page, "Corriger")

    undo = page.get_by_role("button", name="Reprendre la correction")
    expect(undo).to_be_visible()
    picture(page, "corrected-phone")
    assert tech.violations() == []
    assert tech.overflow() <= 0
    undo.click()
    expect(page.get_by_role("cell", name="État reprise")).to_be_visible()
    expect(page.get_by_text("Rien n\N{RIGHT SINGLE QUOTATION MARK}est au rebut.")).to_be_visible()
    tech.go(f"/quality/{EXAM}")
    expect(page.get_by_role("checkbox")).to_have_count(2)
