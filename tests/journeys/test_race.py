"""Two readers on two nodes race for one request, with and without a cut, in real browsers.

Without a cut, who comes second is told who reads. In a cut both may sign what is vital: then one
reading is principal, the other stands beside it, everybody sees the flag, and a doctor of the
asking site chooses. What can wait is not taken at all before the line is back.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Expect, Locator, Page
from tests.conformance.peer.readers import (
    PASSWORD,
    Network,
    acquired,
    at_stage,
    placed,
    running_network,
    signed,
    until,
)

from archipel.protocols.web.static import SHELL, STATIC

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(900)]
LOOK_MS = 60_000
expect = Expect()  # its own: the patience of the other journeys stays theirs
expect.set_options(timeout=LOOK_MS)
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
NODE = {"reader": "mq", "stand-in": "gf", "doctor": "gf", "tech": "gf"}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    if not (STATIC / SHELL / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    with running_network(tmp_path_factory.mktemp("race")) as running:
        yield running


@dataclass
class Seats:
    """Who sits where: one window each, signed in."""

    network: Network
    browser: Browser
    pages: dict[str, Page] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def of(self, who: str) -> Page:
        """Return somebody's window, signing in the first time."""
        if who not in self.pages:
            context = self.browser.new_context(
                viewport={"width": 1600, "height": 1000},
                locale="fr-FR",
                timezone_id="America/Martinique",
            )
            page = context.new_page()
            page.set_default_timeout(LOOK_MS)
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
            page.goto(f"{self.address(who)}/login?next=/tele")
            page.fill("input[name=login]", who)
            page.fill("input[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(lambda url: "/login" not in url)
            self.pages[who] = page
        return self.pages[who]

    def address(self, who: str) -> str:
        """Return where somebody's node is."""
        return self.network.nodes[NODE[who]].http

    def look(self, who: str, path: str) -> Page:
        """Have somebody open a page."""
        page = self.of(who)
        page.goto(self.address(who) + path)
        return page

    def request(self, who: str, request: str) -> Locator:
        """Have somebody look at a request on the board; returns its detail."""
        page = self.look(who, f"/tele?request={request}")
        return page.get_by_role("complementary", name="Demande choisie")


@pytest.fixture(scope="module")
def seats(network: Network, chromium: Browser) -> Iterator[Seats]:
    """Open windows; at the end no script may have failed in any of them."""
    taken = Seats(network, chromium)
    yield taken
    for page in taken.pages.values():
        page.context.close()
    assert taken.complaints == []


def picture(page: Page, name: str) -> None:
    """Keep a picture of the screen for those who compare it with the mock-up."""
    if folder := os.environ.get("ARCHIPEL_PICTURES"):
        page.screenshot(path=Path(folder) / f"race-{name}.png")


def violations(page: Page) -> list[str]:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: cd web && npm ci")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        """axe.run({exclude: ["iframe"]},
             {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
           .then(({violations}) => violations.map(({id, nodes}) =>
             id + ": " + nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")))"""
    )
    return list(found)


def ready(network: Network, exam: str, urgency: str) -> str:
    """Ask for an exam and wait until its images are at the reader's."""
    request = placed(network, exam, urgency)
    at_stage(network, "reader", request, "ready")
    return request


def test_in_contact_the_second_reader_is_told_who_reads(network: Network, seats: Seats) -> None:
    exam = acquired(network, images=1)
    request = ready(network, exam, "stat")

    detail = seats.request("reader", request)
    detail.get_by_role("button", name="Réserver et lire").click()
    expect(seats.of("reader")).to_have_url(re.compile("/reading/"))
    at_stage(network, "stand-in", request, "reading")

    detail = seats.request("stand-in", request)
    expect(detail.get_by_text("TEST reader").first).to_be_visible()
    detail.get_by_role("button", name="Réserver et lire").click()
    bar = seats.of("stand-in").get_by_role("region", name="Patient")
    expect(bar.get_by_text(re.compile("TEST reader")).first).to_be_visible()
    claim = network.clients["stand-in"].post(f"/api/exams/{exam}/claim", json={})
    assert (claim.status_code, claim.json()["claim"]["login"]) == (409, "reader")

    signed(network, "reader", exam, "TEST lu une fois")
    answer = at_stage(network, "tech", request, "returned")
    assert ([one["principal"] for one in answer["answers"]], answer["row"]["conflict"]) == (
        [True],
        False,
    )


def test_in_a_cut_the_vital_is_read_twice_seen_and_settled_and_the_rest_waits(
    network: Network, seats: Seats
) -> None:
    vital, routine = acquired(network, images=1), acquired(network, images=1)
    request, waiting = ready(network, vital, "stat"), ready(network, routine, "routine")
    network.cut()
    for who in ("reader", "tech"):  # each side learns by itself that the other is silent
        until(lambda who=who: _line(network, who, request)["cut"])
    _cut_is_said(seats, request, waiting)

    far = signed(network, "reader", vital, "TEST lu en Martinique")
    near = signed(network, "stand-in", vital, "TEST lu en Guyane")
    at_stage(network, "tech", request, "returned")
    network.heal()

    for who in ("reader", "stand-in", "doctor"):
        detail = seats.request(who, request)
        expect(detail.get_by_text("Deux lectures existent")).to_be_visible()
        expect(detail.get_by_text("TEST lu en Martinique").first).to_be_visible()
        expect(detail.get_by_text("TEST lu en Guyane").first).to_be_visible()
        expect(detail.get_by_text("Lecture principale")).to_have_count(1)
        expect(detail.get_by_text("Autre lecture, jointe")).to_have_count(1)
        assert detail.get_by_role("button", name="En faire la principale").count() == (
            2 if who == "doctor" else 0
        )
    _settled_by_the_doctor(network, seats, request, far=far, near=near)


def _line(network: Network, who: str, request: str) -> Any:
    return network.ask(who, "GET", f"/requests/{request}")["row"]["line"]


def _cut_is_said(seats: Seats, request: str, waiting: str) -> None:
    """See on both sides that the line is cut and since when; what can wait is not to be taken."""
    asked = seats.request("doctor", request)
    expect(asked.get_by_text(re.compile("Liaison avec MQ coupée depuis"))).to_be_visible()
    expect(asked.get_by_text("attendent ici et partent seules")).to_be_visible()
    detail = seats.request("reader", waiting)
    expect(detail.get_by_text(re.compile("Liaison avec GF coupée depuis"))).to_be_visible()
    expect(detail.get_by_text("elle ne se réserve pas pendant la coupure")).to_be_visible()
    expect(detail.get_by_role("button", name="Réserver et lire")).to_have_count(0)
    page = seats.of("reader")
    expect(page.locator(f'[data-request="{waiting}"] [data-cut=gf]')).to_be_visible()
    picture(page, "cut-1600")
    assert violations(page) == []


def _settled_by_the_doctor(
    network: Network, seats: Seats, request: str, *, far: str, near: str
) -> None:
    """Choose the reading of Martinique in the browser; every seat sees it settled."""
    page = seats.of("doctor")
    picture(page, "conflict-1600")
    assert violations(page) == []
    detail = page.get_by_role("complementary", name="Demande choisie")
    other = (
        detail.locator("div")
        .filter(has_text="TEST lu en Martinique")
        .filter(has=page.get_by_role("button", name="En faire la principale"))
    )
    other.last.get_by_role("button", name="En faire la principale").click()
    expect(page.get_by_text("Lecture principale choisie.").first).to_be_visible()
    expect(detail.get_by_text("Deux lectures existent")).to_have_count(0)
    there = seats.of("reader").get_by_role("complementary", name="Demande choisie")
    expect(there.get_by_text("Deux lectures existent")).to_have_count(0)

    def settled() -> Any:
        found = network.ask("reader", "GET", f"/requests/{request}")
        return found if not found["row"]["conflict"] else None

    view = until(settled)
    assert {one["digest"]: one["principal"] for one in view["answers"]} == {far: True, near: False}
    assert [one["alone"] for one in [view["row"]["reader"], *view["superseded"]]].count(True) == 1


@pytest.mark.long
def test_a_request_is_cancelled_and_declined_from_the_board(
    network: Network, seats: Seats
) -> None:
    exam = acquired(network, images=1)
    for who, verb, said, stage in (
        ("reader", "Refuser", "Demande refusée : le demandeur est prévenu.", "declined"),
        ("doctor", "Annuler la demande", "Demande annulée.", "cancelled"),
    ):
        request = ready(network, exam, "urgent")
        detail = seats.request(who, request)
        detail.get_by_role("button", name=verb).click()
        dialog = seats.of(who).get_by_role("dialog")
        dialog.get_by_label("Motif").fill("TEST garde débordée")
        dialog.get_by_role("button", name=verb).click()
        expect(seats.of(who).get_by_text(said).first).to_be_visible()
        for other, words in (
            ("reader", "avez plus accès aux images"),
            ("doctor", "a plus accès aux images"),
        ):
            at_stage(network, other, request, stage)
            seen = seats.request(other, request)
            expect(seen.get_by_text(words)).to_be_visible()
            expect(seen.get_by_text("TEST garde débordée")).to_be_visible()
    picture(seats.of("reader"), "taken-back-1600")
    gone = seats.look("reader", f"/reading/{exam}")
    expect(gone.get_by_text("TEST-LEFEVRE")).to_have_count(0)


@pytest.mark.long
def test_an_opposition_written_on_the_patients_page_hides_the_exam_on_the_other_node(
    network: Network, seats: Seats
) -> None:
    exam = acquired(network, images=1)
    request = ready(network, exam, "urgent")

    def visible() -> bool:
        rows = network.ask("reader", "GET", "/worklist?list=all")["rows"]
        return any(row["exam"] == exam for row in rows)

    until(visible)
    rows = network.ask("doctor", "GET", "/worklist?list=all")["rows"]
    (person,) = {row["patient"]["person"] for row in rows if row["exam"] == exam}
    page = seats.look("doctor", f"/patients/{person}/exams/{exam}")
    for verb, said, hidden in (
        ("Noter une opposition", "Opposition notée", True),
        ("Lever l", "Opposition levée", False),
    ):
        page.get_by_role("button", name=verb).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Motif").fill("TEST dit à l'accueil")
        dialog.get_by_role("button", name=verb).click()
        expect(page.get_by_text(said).first).to_be_visible()
        until(lambda hidden=hidden: visible() is not hidden)
        if hidden:
            expect(page.get_by_text("Le patient s")).to_be_visible()
            picture(page, "opposed-1600")
            assert violations(page) == []
    network.ask("tech", "POST", f"/requests/{request}/cancel", {"reason": "TEST fin"})
