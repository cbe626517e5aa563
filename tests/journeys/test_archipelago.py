"""The whole river on three islands: asked in Guyane, cut, killed, healed, read in Martinique.

A browser where a person would look: the network page and the doctor's phone. All else goes
through the same doors that machines and pages use.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Expect, Page

from archipel.protocols.web.static import SHELL, STATIC
from archipel.testing.demo.__main__ import QUICK, told
from archipel.testing.demo.cast import ISLES, REFERRER_MAIL
from archipel.testing.demo.door import Door
from archipel.testing.demo.fleet import Fleet
from archipel.testing.demo.story import Play
from archipel.testing.mail import MailCatcher

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(900)]
IMG = Path(__file__).parents[2] / "docs" / "img"
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
LOOK_MS = 60_000
expect = Expect()  # its own: the patience of the other journeys stays theirs
expect.set_options(timeout=LOOK_MS)
ADMINISTRATOR = "r.reseau"
DASH = "\N{EN DASH}"
TO_GUYANE = f"Martinique {DASH} Guyane"


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    """Three nodes on their lines, and the exam that is to be made."""
    if not (STATIC / SHELL / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    fleet = Fleet(tmp_path_factory.mktemp("isles"), isles=ISLES[:3], settings=QUICK)
    mails = MailCatcher()
    door = Door(
        lines=fleet.lines.states,
        turn=fleet.lines.turn,
        state=lambda: {"story": [], "isles": [], "waits": False},
        act=lambda _word: None,
    )
    with mails, door:
        fleet.tell(told(switchboard=door.address, mails=mails))
        with fleet:
            yield Play(fleet, mails, "journey", quick=True)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open windows; at the end no script may have failed in any of them."""
    opened: list[Page] = []
    complaints: list[str] = []

    def window(width: int = 1600, height: int = 1000) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            locale="fr-FR",
            timezone_id="America/Martinique",
        )
        fresh = context.new_page()
        fresh.set_default_timeout(LOOK_MS)
        fresh.on("pageerror", lambda error: complaints.append(str(error)))
        opened.append(fresh)
        return fresh

    yield window
    for one in opened:
        one.context.close()
    assert complaints == []


def test_an_exam_of_guyane_is_read_in_martinique_through_a_cut_and_a_kill(
    play: Play, page: Callable[..., Page]
) -> None:
    desk = page()
    _sign_in(desk, play)
    _network_page_is_whole(desk)

    play.scan()
    play.fleet.lines.turn("guyane", "martinique", cut=True)  # before the images can have crossed
    play.ask()
    _cut_shows(desk)
    assert play.fleet.lines.states().count(("guyane", "martinique", True)) == 1

    receiver = play.fleet["martinique"].running
    receiver.kill()
    receiver.start()

    desk.goto(f"{play.fleet['martinique'].url}/network?link=martinique-guyane")
    desk.get_by_role("button", name="Rétablir la liaison simulée").click()
    expect(desk.get_by_text(f"Liaison {TO_GUYANE} rétablie.")).to_be_visible()
    play.arrives()
    expect(desk.get_by_role("img", name=re.compile("aucune n.est coupée"))).to_be_visible()
    assert "Guyane ne répond plus" in desk.get_by_role("complementary").inner_text()

    play.read()
    play.comes_back()
    play.mail()
    _doctor_reads_on_a_phone(page(390, 844), play)


def _sign_in(desk: Page, play: Play) -> None:
    desk.goto(play.fleet["martinique"].url + "/login?next=/network")
    desk.fill("input[name=login]", ADMINISTRATOR)
    desk.fill("input[name=password]", play.fleet["martinique"].passwords[ADMINISTRATOR])
    desk.keyboard.press("Enter")
    desk.wait_for_url(lambda url: "/login" not in url)


def _network_page_is_whole(desk: Page) -> None:
    """Every node is drawn and answers; the page is clean for those who do not see it."""
    expect(desk.get_by_role("img", name="Carte schématique : 3 liaisons")).to_be_visible()
    side = desk.get_by_role("complementary")
    for name in (f"Martinique {DASH} Guadeloupe", TO_GUYANE):
        expect(side.get_by_role("button", name=re.compile(f"{name}.*nominale"))).to_be_visible()
    expect(
        side.get_by_role("button", name=re.compile(f"(Guadeloupe|Guyane) {DASH} Gu"))
    ).to_be_visible()
    assert _violations(desk) == []
    desk.set_viewport_size({"width": 390, "height": 844})
    expect(side.get_by_text("Journal des liaisons")).to_be_visible()
    assert desk.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert _violations(desk) == []
    desk.screenshot(path=IMG / "network-390.png")
    desk.set_viewport_size({"width": 1600, "height": 1000})


def _cut_shows(desk: Page) -> None:
    """See what is cut said in words and on the map, and what waits for its return."""
    side = desk.get_by_role("complementary")
    expect(side.get_by_role("button", name=re.compile(f"{TO_GUYANE}.*coupée"))).to_be_visible()
    expect(side.get_by_text("sans Guyane, reprise au retour").first).to_be_visible()
    side.get_by_role("button", name=re.compile(f"{TO_GUYANE}.*coupée")).click()
    expect(desk).to_have_url(re.compile("link=martinique-guyane"))
    assert _violations(desk) == []
    desk.screenshot(path=IMG / "network-1600.png")


def _doctor_reads_on_a_phone(phone: Page, play: Play) -> None:
    """Follow the link of the mail, with the one-time code of the next, to the signed words."""
    before = play.mails.mails()[0].number
    phone.goto(play.letter)
    phone.get_by_role("button", name="Recevoir le code").click()
    code = play.mails.wait_for(REFERRER_MAIL, after=before)
    phone.get_by_label("Code à usage unique").fill(re.findall(r"\b\d[\d ]{4,8}\d\b", code.text)[0])
    phone.keyboard.press("Enter")
    expect(phone.get_by_text(re.compile("Nodule du lobe supérieur droit"))).to_be_visible()


def _violations(window: Page) -> list[str]:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: cd web && npm ci")
    window.evaluate(AXE.read_text("utf-8"))
    found = window.evaluate(
        """axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
             .then(({violations}) => violations.map(({id, nodes}) =>
               id + ": " + nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")))"""
    )
    return list(found)
