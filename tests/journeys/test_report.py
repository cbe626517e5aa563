"""A report from its first word to its addendum, on a real node in a real browser.

Draft, preview, signature, undo, signature again; then the PDF's own text, the copy in the
archive, an addendum, the versions, and the exam page at the size of a phone.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
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


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """Wait longer than usual: the image viewer beside the report draws without a graphics card."""
    expect.set_options(timeout=RELEASE_MS)
    yield
    expect.set_options(timeout=5_000)


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


def test_a_report_is_written_signed_undone_signed_again_and_completed(
    visit: Callable[..., Any], node: Any, exam: str
) -> None:
    window = visit()
    page = window.page
    window.sign_in(READER)
    window.go(f"/reading/{exam}")
    write(page)
    picture(page, "panel-1600")

    # A conclusion taken away stands against the signature, and nothing is signed.
    page.locator("[data-section=conclusion]").fill("")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-rule=conclusion][data-outcome=blocks]")).to_be_visible()
    page.locator("[data-section=conclusion]").fill(CONCLUSION)
    page.keyboard.press("Control+s")
    expect(page.locator("[data-rule=conclusion][data-outcome=met]")).to_be_visible()

    accept_warnings(page)
    assert window.violations() == []
    sign(page)
    expect(page).not_to_have_url(re.compile(re.escape(exam)))  # on to the next exam
    page.get_by_role("button", name="Annuler", exact=True).click()
    expect(page.get_by_text("Signature annulée")).to_be_visible()
    expect(page).to_have_url(re.compile(re.escape(exam)))
    expect(page.locator("[data-section=conclusion]")).to_have_text(CONCLUSION)

    # The preview of this very text was seen: the key signs at once.
    accept_warnings(page)
    page.locator("[data-section=conclusion]").focus()
    page.keyboard.press("Control+Enter")
    expect(page).not_to_have_url(re.compile(re.escape(exam)))
    window.go(f"/reading/{exam}")
    panel = page.get_by_role("complementary", name="Compte rendu")
    expect(panel.get_by_text("Validé", exact=True).first).to_be_visible()
    expect(panel.get_by_text(CONCLUSION)).to_be_visible()
    address = f"{node.url}/api/exams/{exam}/report/documents"
    page.wait_for_timeout(11_000)  # the time in which it can be undone
    expect(panel.get_by_role("button", name="Addendum")).to_have_count(0)  # as it was drawn
    page.wait_for_function(
        "at => fetch(at).then(a => a.json()).then(s => s.versions[0].released)",
        arg=address,
        timeout=RELEASE_MS,
        polling=1000,
    )
    standing = page.request.get(address).json()
    first = standing["principal"]
    assert [one["withdrawn"] for one in standing["versions"]] == [False, True]

    if shutil.which("pdftotext"):
        said = text_of(page, f"{address}/{first}/files/pdf")
        for words in (FINDINGS, CONCLUSION, PLAIN, first, "n’est pas un dispositif médical"):
            assert words in " ".join(said.split()), words
        assert "Page 1 / 1" in said

    page.reload()
    picture(page, "signed-1600")
    panel.get_by_role("button", name="Addendum").click()
    panel.locator("[data-section=addendum]").fill(ADDENDUM)
    page.keyboard.press("Control+s")
    expect(panel.get_by_text("enregistré")).to_be_visible()
    accept_warnings(page)
    page.locator("[data-section=addendum]").focus()
    page.keyboard.press("Control+Enter")
    page.get_by_role("dialog").get_by_role("button", name="Signer").click()
    expect(page.get_by_text("Compte rendu signé.")).to_be_visible()
    standing = page.request.get(address).json()
    assert standing["principal"] != first
    assert standing["versions"][0]["state"] == "addendum"
    assert standing["versions"][0]["parents"] == [first]
    assert not standing["contested"]

    window.go(f"/reading/{exam}")
    expect(panel.get_by_text(ADDENDUM)).to_be_visible()
    expect(panel.get_by_text(CONCLUSION)).to_be_visible()
    assert window.violations() == []
    stored_beside_the_images(page, node, exam, first)


def stored_beside_the_images(page: Page, node: Any, exam: str, digest: str) -> None:
    """See that the first validated version is an Encapsulated PDF in the archive."""
    study = exam.partition("~")[2]
    address = f"{node.url}/dicomweb/studies/{study}/series"
    page.wait_for_function(
        "at => fetch(at, {headers: {Accept: 'application/dicom+json'}})"
        ".then(a => a.json()).then(s => s.length > 0)",
        arg=f"{address}?Modality=DOC",
        timeout=RELEASE_MS,
        polling=1000,
    )
    series = page.request.get(address, params={"Modality": "DOC"}).json()
    assert series[0]["0008103E"]["Value"] == ["Compte rendu d’imagerie"]
    assert digest


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
