"""The screens, driven as people drive them: a real node, a real browser, real exams."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

READER, COLLEAGUE, ADMINISTRATOR, STRANGER = "j.letchimy", "m.bellegarde", "s.pacs", "c.ailleurs"

EXAM = "tr[data-exam]"
SELECTED = '[aria-selected="true"][data-exam]'
FINDINGS = '[data-section="findings"]'
SAVED = "Enregistré à"


def picture(visit: Any, name: str) -> None:
    """Keep a picture for docs/img where ARCHIPEL_PICTURES names a folder."""
    folder = os.environ.get("ARCHIPEL_PICTURES")
    if folder:
        visit.page.wait_for_timeout(600)
        visit.page.screenshot(path=Path(folder) / f"{name}.png")


def open_thorax(visit: Any) -> None:
    visit.go("/reading?list=all")
    row = visit.page.locator(EXAM, has_text="TEST-HIBISCUS").first
    row.click()
    expect(row).to_have_attribute("aria-selected", "true")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector(FINDINGS)


def test_a_wrong_password_does_not_say_which_of_the_two_was_wrong(visit: Any) -> None:
    page = (window := visit()).page
    window.go("/login")
    page.fill("input[name=login]", READER)
    page.fill("input[name=password]", "pas-le-bon-mot-de-passe")

    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("Identifiant ou mot de passe incorrect")
    picture(window, "sign-in-refused")


def test_the_token_of_init_opens_the_first_administrator_account(visit: Any, node: Any) -> None:
    page = (window := visit()).page
    window.go("/login")
    if page.locator("input[name=token]").count() == 0:
        page.get_by_role("button", name="jeton à usage unique").click()
    page.fill("input[name=token]", node.token)
    page.fill("input[autocomplete=new-password]", "une phrase assez longue")
    create = page.get_by_role("button", name="Créer mon accès")
    create.click()
    expect(page.get_by_role("alert")).to_contain_text("Ce jeton crée un compte")
    page.fill("input[name=name]", "A. Première-Test")
    page.fill("input[name=login]", "a.premiere")

    create.click()

    page.wait_for_url(lambda url: "/login" not in url)


def test_the_list_is_driven_by_keys_alone(visit: Any) -> None:
    page = (window := visit()).page
    window.sign_in(READER)
    page.wait_for_selector(EXAM)
    first = page.get_attribute(SELECTED, "data-exam")

    page.keyboard.press("j")
    second = page.get_attribute(SELECTED, "data-exam")
    page.keyboard.press("k")

    assert first != second
    assert page.get_attribute(SELECTED, "data-exam") == first
    expect(page.get_by_role("complementary", name="Aperçu")).to_be_visible()

    page.keyboard.press("Space")

    expect(page.get_by_role("complementary", name="Aperçu")).to_have_count(0)

    page.keyboard.press("?")

    expect(page.get_by_role("dialog", name="Raccourcis de cet écran")).to_be_visible()


def test_an_exam_enters_the_list_by_itself_and_moves_nothing(visit: Any, node: Any) -> None:
    page = (window := visit()).page
    window.sign_in(READER)
    page.wait_for_selector(EXAM)
    page.keyboard.press("j")
    before = page.get_attribute(SELECTED, "data-exam")
    place = page.locator(SELECTED).bounding_box()

    node.receive("ultrasound", run="live")

    entered = page.get_by_text("TEST-GOMMIER").or_(page.get_by_role("button", name="+1"))
    expect(entered.first).to_be_visible(timeout=20_000)
    assert page.get_attribute(SELECTED, "data-exam") == before
    assert page.locator(SELECTED).bounding_box() == place


def test_a_claim_is_seen_by_the_colleague_at_once(visit: Any) -> None:
    mine, theirs = visit(), visit()
    for window, login in ((mine, READER), (theirs, COLLEAGUE)):
        window.sign_in(login)
        window.go("/reading?list=all")
    row = mine.page.locator(EXAM, has_text="TEST-TAMARIN").first
    row.click()
    exam = row.get_attribute("data-exam")

    mine.page.keyboard.press("r")

    expect(mine.page.locator(f'[data-exam="{exam}"]')).to_contain_text("Vous")
    expect(theirs.page.locator(f'[data-exam="{exam}"]')).to_contain_text("Letchimy-Test")

    mine.page.keyboard.press("r")

    expect(theirs.page.locator(f'[data-exam="{exam}"]')).not_to_contain_text("Letchimy-Test")


def test_a_draft_is_saved_as_one_writes_and_is_there_again(visit: Any) -> None:
    page = (window := visit()).page
    window.sign_in(READER)
    open_thorax(window)
    page.click(FINDINGS)
    page.keyboard.press("Control+a")

    page.keyboard.type("Nodule du lobe supérieur droit.")

    expect(page.get_by_text(SAVED)).to_be_visible()
    page.reload()
    expect(page.locator(FINDINGS)).to_have_text("Nodule du lobe supérieur droit.")
    picture(window, "reading")


def test_two_who_write_at_once_settle_it_and_lose_nothing(visit: Any) -> None:
    first, second = visit(), visit()
    for window, login in ((first, READER), (second, COLLEAGUE)):
        window.sign_in(login)
        open_thorax(window)
    take_over = second.page.get_by_role("button", name="Reprendre").first
    take_over.click()
    second.page.get_by_role("textbox", name="Motif").fill("Relève de garde")
    second.page.get_by_role("dialog").get_by_role("button", name="Reprendre").click()
    conclusion = '[data-section="conclusion"]'
    expect(second.page.locator(conclusion)).to_have_attribute("contenteditable", "true")

    second.page.click(conclusion)
    second.page.keyboard.type("Contrôle à trois mois.")
    expect(second.page.get_by_text(SAVED)).to_be_visible()

    expect(first.page.get_by_text("Repris par")).to_be_visible()
    expect(first.page.locator(conclusion)).to_have_attribute("contenteditable", "false")
    second.page.reload()
    expect(second.page.locator(conclusion)).to_have_text("Contrôle à trois mois.")


def test_somebody_of_another_organisation_finds_nobody(visit: Any) -> None:
    page = (window := visit()).page
    window.sign_in(STRANGER)
    expect(page.get_by_text("Rien à lire dans cette liste")).to_be_visible()

    window.go("/patients")
    page.get_by_role("searchbox", name="Chercher un patient", exact=True).fill("HIBISCUS")

    expect(page.get_by_text("Aucun patient pour")).to_be_visible()


def test_no_name_is_in_an_address_or_a_title(visit: Any) -> None:
    page = (window := visit()).page
    seen: list[str] = []
    page.on("framenavigated", lambda frame: seen.append(frame.url))
    window.sign_in(READER)
    page.fill("input[type=search] >> nth=0", "HIBISCUS")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="TEST-HIBISCUS").click()
    expect(page.get_by_role("heading", name="TEST-HIBISCUS")).to_be_visible()
    seen.append(page.title())
    window.go("/reading?list=all")
    page.get_by_role("searchbox", name="Texte").fill("HIBISCUS")
    expect(page.locator(EXAM).first).to_contain_text("TEST-HIBISCUS")

    assert [each for each in seen if "hibiscus" in unquote(each).lower()] == []


@pytest.mark.parametrize(
    ("language", "heading"), [("English", "To read"), ("Español", "Por leer")]
)
def test_the_language_of_a_person_follows_them(visit: Any, language: str, heading: str) -> None:
    window = visit()
    window.sign_in(COLLEAGUE)
    page = window.page
    page.locator("header").first.get_by_role("button").last.click()
    page.get_by_role("menuitem", name=language).click()
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    other = visit()

    other.sign_in(COLLEAGUE)

    expect(other.page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    other.page.locator("header").first.get_by_role("button").last.click()
    other.page.get_by_role("menuitem", name="Français").click()
    expect(other.page.get_by_role("heading", name="À lire", level=1)).to_be_visible()


def test_an_administrator_invites_a_person_with_a_token_shown_once(visit: Any) -> None:
    page = (window := visit()).page
    window.sign_in(ADMINISTRATOR)
    window.go("/admin/people")
    page.get_by_role("button", name="Inviter quelqu").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Nom").fill("L. Manip-Test")
    form.get_by_label("Identifiant").fill("l.manip")
    form.get_by_label("Rôle").select_option("technologist")

    form.get_by_role("button", name="Créer l").click()

    expect(page.get_by_role("dialog", name="Jeton de L. Manip-Test")).to_be_visible()
    expect(page.locator("code")).not_to_be_empty()


def test_urgency_is_told_by_word_shape_and_colour_and_only_stat_is_solid(
    visit: Any, node: Any
) -> None:
    page = (window := visit(1440, 900)).page
    window.sign_in(READER)
    rows = page.request.get(f"{node.url}/api/worklist?list=all").json()["rows"]
    token = page.request.get(f"{node.url}/api/session").json()["csrf_token"]

    def set_urgency(urgency: str, row: Any) -> None:
        answer = page.request.put(
            f"{node.url}/api/exams/{row['exam']}/urgency",
            data={"urgency": urgency},
            headers={"X-CSRF-Token": token},
        )
        assert answer.ok, answer.text()

    wanted = dict(zip(("inpatient", "stat", "urgent"), rows, strict=False))
    for urgency, row in wanted.items():
        set_urgency(urgency, row)
    try:
        window.go("/reading?list=all")
        seen = {}
        for urgency, row in wanted.items():
            tag = page.locator(f"tr[data-exam='{row['exam']}'] .tag").first
            expect(tag).to_be_visible()
            seen[urgency] = tag.evaluate(
                """(tag) => ({
                     word: tag.textContent.trim(),
                     shape: tag.querySelector("svg").innerHTML,
                     colour: getComputedStyle(tag).color,
                     solid: tag.classList.contains("solid"),
                   })"""
            )
        order = page.locator(EXAM).evaluate_all("(all) => all.map((one) => one.dataset.exam)")
        grouped = page.get_by_text("délai 15 min").all()  # the latest come first here
        picture(window, "worklist-urgencies-1440")
        assert window.violations() == []
    finally:
        for row in wanted.values():
            set_urgency(row["urgency"], row)

    assert {one["word"] for one in seen.values()} == {"STAT", "Urgent", "Hospit."}
    assert len({one["shape"] for one in seen.values()}) == len(wanted)
    assert len({one["colour"] for one in seen.values()}) == len(wanted)
    assert [urgency for urgency, one in seen.items() if one["solid"]] == ["stat"]
    first = [wanted[urgency]["exam"] for urgency in ("stat", "urgent", "inpatient")]
    assert sorted(exam for exam in order if exam in first) == sorted(first)
    assert grouped == []


READER_SCREENS = ("/reading", "/reading?list=stat", "/patients", "{exam}", "{record}")
ADMIN_SCREENS = (
    "/node",
    "/admin/organisations",
    "/admin/people",
    "/admin/devices",
    "/admin/tokens",
    "/admin/webhooks",
    "/admin/audit",
)
WINDOWS = ((1600, 1000), (1280, 800), (390, 844), (320, 640))


def addresses(window: Any) -> dict[str, str]:
    """Find the exam and the record of the thorax, whose ids the node made."""
    window.go("/reading?list=all")
    row = window.page.locator(EXAM, has_text="TEST-HIBISCUS").first
    row.wait_for()
    exam = str(row.get_attribute("data-exam"))
    return {"exam": f"/reading/{exam}", "record": f"/patients/-/exams/{exam}"}


@pytest.mark.parametrize(("width", "height"), WINDOWS)
def test_every_screen_is_accessible_and_fits_its_window(
    visit: Any, width: int, height: int
) -> None:
    window = visit(width, height)
    window.go("/login")
    window.page.wait_for_selector("input[name=login]")
    found = {"/login": (window.violations(), window.overflow())}
    picture(window, f"login-{width}")
    for login, screens in ((READER, READER_SCREENS), (ADMINISTRATOR, ADMIN_SCREENS)):
        window.page.context.clear_cookies()
        window.sign_in(login)
        ids = addresses(window) if login == READER else {}
        for screen in screens:
            window.go(screen.format(**ids))
            window.page.wait_for_timeout(1200)
            found[screen] = (window.violations(), window.overflow())
            picture(window, f"{screen.strip('/{}').replace('/', '-').replace('?', '-')}-{width}")

    assert {screen: bad for screen, bad in found.items() if bad != ([], 0)} == {}
