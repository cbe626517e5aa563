"""The whole river on three islands: asked in Guyane, killed and cut midway, read in Martinique.

A browser where a person would look: the network page and the doctor's phone. All else goes
through the same doors that machines and pages use.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Expect, Page

from archipel.archive.model import StudyKey
from archipel.exchange.transfer import Transfer, TransferState
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.web.static import SHELL, STATIC
from archipel.testing.demo.__main__ import QUICK, told
from archipel.testing.demo.cast import ISLES, REFERRER_MAIL
from archipel.testing.demo.door import Door
from archipel.testing.demo.fleet import Fleet
from archipel.testing.demo.story import PATIENCE_S, Play
from archipel.testing.mail import MailCatcher

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(900)]
IMG = Path(__file__).parents[2] / "docs" / "img"
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
LOOK_MS = 60_000
SLOW_BPS = 4e5  # so that the images are on their way for as long as a kill and a cut take
expect = Expect()  # its own: the patience of the other journeys stays theirs
expect.set_options(timeout=LOOK_MS)
ADMINISTRATOR = "r.reseau"
CAPS = "guyane=8@07:00-19:00 */backfill=4"
DASH = "\N{EN DASH}"
TO_GUYANE = f"Martinique {DASH} Guyane"


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    """Three nodes on their lines, and the exam that is to be made."""
    if not (STATIC / SHELL / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    settings = QUICK | {"ARCHIPEL_PEER__CAPS": CAPS}
    fleet = Fleet(tmp_path_factory.mktemp("isles"), isles=ISLES[:3], settings=settings)
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
    play: Play,
    page: Callable[..., Page],
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    desk = page()
    _sign_in(desk, play)
    _network_page_is_whole(desk)

    play.scan()
    play.fleet.lines.pace("guyane", "martinique", rate_bps=SLOW_BPS)
    play.ask()
    part = _more_than(play, 0).done_bytes  # bytes travel ...
    receiver = play.fleet["martinique"].running
    receiver.kill()  # ... and their receiver dies
    receiver.start()
    kept = _more_than(play, part)
    play.fleet.lines.turn("guyane", "martinique", cut=True, drop=True)
    before = _coming(play)
    assert kept.done_bytes <= before.done_bytes < before.size_bytes

    midway = f"{part}, {kept.done_bytes}, {before.done_bytes} of {before.size_bytes}"
    record_testsuite_property("bytes_at_the_kill_after_it_and_at_the_cut", midway)

    desk.goto(f"{play.fleet['martinique'].url}/network")
    _cut_shows(desk)
    assert play.fleet.lines.states().count(("guyane", "martinique", True)) == 1
    assert before.done_bytes <= _coming(play).done_bytes < before.size_bytes
    assert _coming(play).state is TransferState.STALLED

    play.fleet.lines.pace("guyane", "martinique")
    desk.get_by_role("button", name="Rétablir la liaison simulée").click()
    expect(desk.get_by_text(f"Liaison {TO_GUYANE} rétablie.")).to_be_visible()
    play.arrives()
    expect(desk.get_by_role("img", name=re.compile("aucune n.est coupée"))).to_be_visible()
    assert "Guyane ne répond plus" in desk.get_by_role("complementary").inner_text()

    play.read()
    play.comes_back()
    play.mail()
    _doctor_reads_on_a_phone(page(390, 844), play)


def _coming(play: Play) -> Transfer:
    """Return how far the images are; fails where nothing travels (any more)."""
    tenant, _, study = play.exam.partition("~")
    key = StudyKey(TenantId(tenant), Uid(study))
    with play.fleet["martinique"].open() as node:
        (coming,) = [one for one in node.transfers.under_way() if one.key == key]
    return coming


def _more_than(play: Play, least_bytes: int) -> Transfer:
    """Wait until more bytes are there, and not all; the study travels on."""
    until_s = time.monotonic() + PATIENCE_S
    while True:
        with suppress(ValueError):  # not wanted yet
            coming = _coming(play)
            if coming.done_bytes > least_bytes and coming.state is TransferState.FETCHING:
                break
        assert time.monotonic() < until_s, "no bytes came"
        time.sleep(0.1)
    assert coming.done_bytes < coming.size_bytes
    return coming


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
    expect(side.get_by_text("Plafond vers Guyane")).to_have_count(2)
    expect(side.get_by_text(re.compile("Historique · 4.* Mbit/s"))).to_be_visible()
    expect(side.get_by_text(re.compile("concordent depuis|pas encore comparé"))).to_be_visible()
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
