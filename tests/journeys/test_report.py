"""A report from its first word to its addendum, on a real node in a real browser.

Draft, preview, signature, undo, signature again; then the PDF's own text, the copy in the
archive, an addendum, the versions, and the exam page at the size of a phone.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from archipel.kernel.clock import utc_now
from archipel.testing.phantoms.exams import plans

pytestmark = pytest.mark.browser

READER, COLLEAGUE, STRANGER = "j.letchimy", "m.bellegarde", "c.ailleurs"
RUN = "report"
FINDINGS = "Nodule spiculé du lobe supérieur droit, < 20 mm & sans épanchement."
CONCLUSION = "Nodule du lobe supérieur droit, suspect. TEP-TDM proposée."
PLAIN = "Une petite boule a été vue dans votre poumon droit."
ADDENDUM = "Relecture : ganglion hilaire droit de 9 mm."
RELEASE_MS = 30_000
WARNINGS = ("identity", "comparison", "laterality", "important")


def picture(page: Page, name: str) -> None:
    """Keep a picture of the screen for those who compare it with the mock-up."""
    if folder := os.environ.get("ARCHIPEL_PICTURES"):
        page.screenshot(path=Path(folder) / f"report-{name}.png")


@pytest.fixture(scope="module")
def exam(node: Any) -> str:
    """Send an exam of this journey's own; returns its name."""
    node.receive("calcium", run=RUN)
    (plan,) = (plan for plan in plans(utc_now(), run=RUN) if plan.name == "calcium")
    return f"chu-fdf~{plan.exam.study}"


def write(page: Page) -> None:
    """Write a whole report, and wait until the node has it."""
    panel = page.get_by_role("complementary", name="Compte rendu")
    for code, text in (
        ("indication", "Douleur thoracique."),
        ("technique", "Acquisition sans injection."),
        ("comparison", "Pas d'antérieur disponible."),
        ("findings", FINDINGS),
        ("conclusion", CONCLUSION),
    ):
        panel.locator(f"[data-section={code}]").fill(text)
    panel.get_by_label("Pour le patient").fill(PLAIN)
    page.keyboard.press("Control+s")
    expect(panel.get_by_text("enregistré")).to_be_visible()


def accept_warnings(page: Page) -> None:
    """Accept every warning that the checks tell, one by one."""
    expect(page.locator("[data-rule=preview]")).to_be_visible()
    for rule in WARNINGS:
        box = page.locator(f"[data-rule={rule}] input")
        if box.count():
            box.check()


def sign(page: Page) -> None:
    """Sign by key: the preview comes first, and the same wish signs from there."""
    page.locator("[data-section=conclusion]").focus()
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img").first).to_be_visible()
    picture(page, "preview-1600")
    dialog.get_by_role("button", name="Signer").click()
    expect(page.get_by_text("Compte rendu signé.")).to_be_visible()


def text_of(page: Page, address: str) -> str:
    """Return the text of a PDF as pdftotext reads it."""
    answer = page.request.get(address)
    assert answer.status == 200
    assert answer.body().startswith(b"%PDF-1.")
    done = subprocess.run(
        ["pdftotext", "-layout", "-", "-"],
        input=answer.body(),
        capture_output=True,
        check=True,
        timeout=30,
    )
    return done.stdout.decode()


def refused_without_conclusion(page: Page) -> None:
    """Try to sign without a conclusion: nothing is signed, and the rule says why."""
    page.locator("[data-section=conclusion]").fill("")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-rule=conclusion][data-outcome=blocks]")).to_be_visible()
    page.locator("[data-section=conclusion]").fill(CONCLUSION)
    page.keyboard.press("Control+s")
    expect(page.locator("[data-rule=conclusion][data-outcome=met]")).to_be_visible()


def undo(page: Page, exam: str) -> None:
    """Take the signature back from the next exam's page."""
    page.get_by_role("button", name="Annuler", exact=True).click()
    expect(page.get_by_text("Signature annulée")).to_be_visible()
    expect(page).to_have_url(re.compile(re.escape(exam)))
    expect(page.locator("[data-section=conclusion]")).to_have_text(CONCLUSION)


def released(page: Page, address: str) -> Any:
    """Wait until the time to undo has passed; returns which versions stand."""
    until = time.monotonic() + RELEASE_MS / 1000
    while time.monotonic() < until:
        standing = page.request.get(address).json()
        if standing["versions"][0]["released"]:
            return standing
        time.sleep(0.5)
    raise AssertionError("the version is not released")


def complete(page: Page) -> None:
    """Write and sign an addendum."""
    panel = page.get_by_role("complementary", name="Compte rendu")
    panel.get_by_role("button", name="Addendum").click()
    panel.locator("[data-section=addendum]").fill(ADDENDUM)
    page.keyboard.press("Control+s")
    expect(panel.get_by_text("enregistré")).to_be_visible()
    accept_warnings(page)
    page.locator("[data-section=addendum]").focus()
    page.keyboard.press("Control+Enter")
    page.get_by_role("dialog").get_by_role("button", name="Signer").click()
    expect(page.get_by_text("Compte rendu signé.")).to_be_visible()


def test_a_report_is_written_signed_undone_signed_again_and_completed(
    visit: Callable[..., Any], node: Any, exam: str
) -> None:
    window = visit()
    page = window.page
    panel = page.get_by_role("complementary", name="Compte rendu")
    address = f"{node.url}/api/exams/{exam}/report/documents"
    window.sign_in(READER)
    window.go(f"/reading/{exam}")
    write(page)
    picture(page, "panel-1600")
    refused_without_conclusion(page)
    accept_warnings(page)
    assert window.violations() == []

    sign(page)
    expect(page).not_to_have_url(re.compile(re.escape(exam)))  # on to the next exam
    undo(page, exam)
    # The preview of this very text was seen: the key signs at once.
    accept_warnings(page)
    page.locator("[data-section=conclusion]").focus()
    page.keyboard.press("Control+Enter")
    expect(page).not_to_have_url(re.compile(re.escape(exam)))

    window.go(f"/reading/{exam}")
    expect(panel.get_by_text(CONCLUSION)).to_be_visible()
    standing = released(page, address)
    first = standing["principal"]
    assert [one["withdrawn"] for one in standing["versions"]] == [False, True]
    if shutil.which("pdftotext"):
        said = text_of(page, f"{address}/{first}/files/pdf")
        for words in (FINDINGS, CONCLUSION, PLAIN, first, "pas un dispositif médical"):
            assert words in " ".join(said.split()), words
        assert "Page 1 / 1" in said

    # The screen is told of the release and offers what may follow, by itself.
    expect(panel.get_by_role("button", name="Addendum")).to_be_visible()
    picture(page, "signed-1600")
    complete(page)
    standing = page.request.get(address).json()
    newest = standing["versions"][0]
    assert (newest["state"], newest["parents"]) == ("addendum", [first])
    assert standing["principal"] == newest["digest"]
    assert not standing["contested"]

    window.go(f"/reading/{exam}")
    expect(panel.get_by_text(ADDENDUM)).to_be_visible()
    expect(panel.get_by_text(CONCLUSION)).to_be_visible()
    assert window.violations() == []
    stored_beside_the_images(page, node, exam)


def stored_beside_the_images(page: Page, node: Any, exam: str) -> None:
    """See that the first validated version is an Encapsulated PDF in the archive."""
    study = exam.partition("~")[2]
    address = f"{node.url}/dicomweb/studies/{study}/series"
    until = time.monotonic() + RELEASE_MS / 1000
    found = page.request.get(address, params={"Modality": "DOC"})
    while found.status != 200 and time.monotonic() < until:
        time.sleep(0.5)
        found = page.request.get(address, params={"Modality": "DOC"})
    series = found.json()
    assert series[0]["0008103E"]["Value"] == ["Compte rendu d\u2019imagerie"]


def test_the_exam_page_shows_the_signed_report_on_a_phone_too(
    visit: Callable[..., Any], exam: str
) -> None:
    for width, height in ((1600, 1000), (390, 844)):
        window = visit(width, height)
        window.sign_in(COLLEAGUE)
        window.go(f"/patients/-/exams/{exam}")
        report = window.page.get_by_role("article", name="Compte rendu signé")
        expect(report.get_by_text(CONCLUSION)).to_be_visible()
        report.scroll_into_view_if_needed()
        picture(window.page, f"exam-{width}")

        assert window.violations() == []
        assert window.overflow() <= 0


def test_a_stranger_is_told_of_no_report(visit: Callable[..., Any], node: Any, exam: str) -> None:
    window = visit()
    window.sign_in(STRANGER)

    answer = window.page.request.get(f"{node.url}/api/exams/{exam}/report/documents")

    assert answer.status == 404
