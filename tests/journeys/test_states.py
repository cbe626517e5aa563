"""Every screen that shows data says in which state the data are (ux.md 3.2), on a phone too.

The node, its answers and the screens are real; only the network between them is provoked: an
answer is held back, lost, refused or emptied on its way. The screens stand in data_screens.py.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, ViewportSize, expect
from tests.journeys.data_screens import ADMINISTRATOR, ASKS, IDENTITY, READER, SCREENS, Screen

from archipel.kernel.clock import utc_now

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 390, "height": 844}
KEY = re.compile(
    r"(worklist|settle|network|node|tele|share|exam|patients|state|common|admin)\.[a-z_.]+"
)
WORDS = Path(__file__).parents[2] / "web" / "src" / "i18n"
REFERENCE = "K7-2291"
LATE_MS, STALE_MS, OLD_MS = 1_500, 11_000, 20_000
EVENTS = "**/api/events?*"


@dataclass(slots=True)
class Seat:
    """One person at one phone, kept for all screens of theirs."""

    page: Page
    visit: Any
    ids: dict[str, str] = field(default_factory=dict)

    def url(self, text: str) -> str:
        """Return an address or a pattern with the ids that the node made."""
        for name, value in self.ids.items():
            text = text.replace("{" + name + "}", value)
        return text

    def go(self, screen: Screen) -> None:
        """Open a screen; the search is typed, for its words are in no address."""
        self.visit.go(self.url(screen.path))
        if screen.name == "search":
            box = self.page.locator("main input[type=search]")
            box.fill("HIBISCUS")
            box.press("Enter")

    def provoke(self, screen: Screen, pattern: str, answer: Callable[[Route], None]) -> None:
        """Answer a request as `answer` does; a stream that would tell the same is cut."""
        self.page.route(self.url(pattern), answer)
        if screen.stream:
            self.page.route(screen.stream, lambda route: route.abort())

    def given(self, screen: Screen) -> Locator:
        """Return what is seen when the answer is there."""
        return self.page.locator(f"main {screen.given}").first

    def keep(self, screen: Screen, state: str) -> None:
        """Hold the state to what holds for all: accessible, inside the window; keep a picture."""
        assert (self.visit.violations(), self.visit.overflow()) == ([], 0), state
        if folder := os.environ.get("ARCHIPEL_PICTURES"):
            self.page.screenshot(path=Path(folder) / f"state-{screen.name}-{state}.png")


@pytest.fixture(scope="module")
def seats(node: Any, chromium: Browser, visitor: Callable[..., Any]) -> Iterator[dict[str, Seat]]:
    """Sign in both people once. No script may have failed when all screens were seen."""
    held: dict[str, Seat] = {}
    complaints: list[str] = []
    for login in (READER, ADMINISTRATOR, ASKS, IDENTITY):
        context = chromium.new_context(
            viewport=PHONE, locale="fr-FR", timezone_id="America/Martinique"
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        held[login] = Seat(page, visitor(page, node, complaints))
        held[login].visit.sign_in(login)
        page.clock.install()
    rows = held[READER].page.request.get(f"{node.url}/api/worklist?list=all").json()["rows"]
    row = next(row for row in rows if row["patient"]["family_name"] == "TEST-HIBISCUS")
    ids = {"exam": row["exam"], "person": row["patient"]["person"]}
    ids["request"] = asked(held, next(row for row in rows if row["exam"] != ids["exam"]))
    for seat in held.values():
        seat.ids = ids
    yield held
    for seat in held.values():
        speak(seat, "fr")
        seat.page.context.close()
    assert complaints == []


def tell(seat: Seat, method: str, path: str, data: dict[str, Any]) -> Any:
    """Write over the API as the person of this seat, and return the answer."""
    url, page = seat.visit.site.url, seat.page
    token = page.request.get(f"{url}/api/session").json()["csrf_token"]
    headers = {"X-CSRF-Token": token}
    answer = page.request.fetch(url + path, method=method, data=data, headers=headers)
    assert answer.ok, answer.text()
    return answer.json()


def asked(held: dict[str, Seat], row: dict[str, Any]) -> str:
    """Have the reading of an exam asked of another organisation; returns the request's name."""
    wanted = {"asking": "chu-fdf", "partner": {"key": "caravelle"}, "level": "region"}
    agreement = {"key": "states", **wanted, "modalities": [], "phone": "0596 00 00 17"}
    tell(held[ADMINISTRATOR], "PUT", "/api/admin/agreements", agreement)
    request = {
        "exam": row["exam"],
        "question": "Toux depuis un mois, ancien fumeur. Opacité suspecte ?",
        "urgency": "stat",
        "justification": {"reason": "Indication du guide, priorité 1"},
        "callback": {"name": "Urgences", "phone": "0596 00 44 17"},
        "consent": {"kind": "given", "by": "K. Manip-Test", "at": utc_now().isoformat()},
    }
    return str(tell(held[ASKS], "POST", "/api/requests", request)["row"]["request"])


def speak(seat: Seat, language: str) -> None:
    """Change the person's language on the node, as their menu does."""
    seat.page.unroute_all()
    session = seat.page.request.get(f"{seat.visit.site.url}/api/session").json()
    tell(seat, "PUT", "/api/me", {**session["preferences"], "language": language})


@pytest.fixture(params=SCREENS, ids=lambda screen: screen.name)
def at(request: pytest.FixtureRequest, seats: dict[str, Seat]) -> Iterator[tuple[Screen, Seat]]:
    """Give a screen and the seat of who uses it; the network is whole again afterwards."""
    screen = request.param
    seat = seats[screen.login]
    yield screen, seat
    seat.page.context.set_offline(False)
    seat.page.unroute_all()


def refuse(status: int) -> Callable[[Route], None]:
    """Return what answers as the node does when it refuses or fails (RFC 9457)."""
    problem = {"type": "about:blank", "status": status, "reference": REFERENCE, "detail": "said"}

    def answer(route: Route) -> None:
        route.fulfill(
            status=status,
            content_type="application/problem+json",
            body=json.dumps(problem),
        )

    return answer


def test_loading_is_shown_where_the_rows_will_be_and_said_when_it_lasts(
    at: tuple[Screen, Seat],
) -> None:
    screen, seat = at
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    seat.provoke(screen, screen.source, hold)
    seat.go(screen)

    busy = seat.page.locator("main [aria-busy=true]").first
    expect(busy).to_be_visible()
    seat.page.clock.fast_forward(LATE_MS)
    expect(busy).to_contain_text("Lecture de l")
    expect(seat.given(screen)).to_have_count(0)
    seat.keep(screen, "loading")

    for route in held:
        route.continue_()
    seat.page.unroute(seat.url(screen.source))
    expect(seat.given(screen)).to_be_visible()
    seat.keep(screen, "given")


def test_a_failure_says_what_it_did_not_change_and_can_be_tried_again(
    at: tuple[Screen, Seat],
) -> None:
    screen, seat = at
    seat.provoke(screen, screen.source, refuse(500))
    seat.go(screen)

    alert = seat.page.get_by_role("alert").filter(has_text=REFERENCE).first
    expect(alert).to_contain_text(re.compile("Rien n.a été modifié"))
    seat.keep(screen, "error")

    seat.page.unroute(seat.url(screen.source))
    alert.get_by_role("button", name="Réessayer").click()
    expect(seat.given(screen)).to_be_visible()
    expect(alert).to_have_count(0)


def test_a_refusal_says_who_can_open_the_door_and_shows_nothing(at: tuple[Screen, Seat]) -> None:
    screen, seat = at
    seat.provoke(screen, screen.source, refuse(403))
    seat.go(screen)

    expect(seat.page.get_by_role("alert").first).to_contain_text(
        re.compile("administrateur de votre site")
    )
    expect(seat.given(screen)).to_have_count(0)
    seat.keep(screen, "denied")


@pytest.mark.parametrize(
    "at", [s for s in SCREENS if s.empty], indirect=True, ids=lambda s: s.name
)
def test_an_empty_screen_says_why_it_is_empty(at: tuple[Screen, Seat]) -> None:
    screen, seat = at

    def empty(route: Route) -> None:
        answer = route.fetch()
        assert screen.empty is not None
        route.fulfill(response=answer, json=screen.empty(answer.json()))

    seat.provoke(screen, screen.source, empty)
    seat.go(screen)

    expect(seat.page.locator("main").get_by_text(screen.nothing).first).to_be_visible()
    seat.keep(screen, "empty")


@pytest.mark.parametrize("at", [s for s in SCREENS if s.part], indirect=True, ids=lambda s: s.name)
def test_what_is_missing_is_said_and_the_rest_is_usable(at: tuple[Screen, Seat]) -> None:
    screen, seat = at
    seat.page.route(seat.url(screen.part), refuse(500))
    seat.go(screen)

    expect(seat.given(screen)).to_be_visible()
    told = seat.page.get_by_text(re.compile("n.a pas répondu|n.a pas abouti")).first
    expect(told).to_be_visible()
    seat.keep(screen, "partial")


def test_a_cut_line_freezes_the_data_and_says_since_when(at: tuple[Screen, Seat]) -> None:
    screen, seat = at
    page = seat.page
    page.route(screen.stream or EVENTS, lambda route: route.abort())
    seat.go(screen)
    expect(seat.given(screen)).to_be_visible()
    if screen.lives:
        page.clock.fast_forward(STALE_MS)
        frozen = page.get_by_text(re.compile(r"Données figées à \d\d:\d\d:\d\d"))
        expect(frozen.filter(visible=True)).to_be_visible()
        seat.keep(screen, "stale")

    page.context.set_offline(True)
    expect(page.get_by_text("Hors ligne")).to_be_visible()
    expect(seat.given(screen)).to_be_visible()
    seat.keep(screen, "offline")

    page.route(seat.url(screen.source), refuse(500))
    page.clock.fast_forward(OLD_MS)
    page.context.set_offline(False)
    expect(page.get_by_text("Hors ligne")).to_have_count(0)
    expect(page.get_by_text(re.compile(r"Données de \d\d:\d\d:\d\d"))).to_be_visible()
    expect(seat.given(screen)).to_be_visible()
    seat.keep(screen, "frozen")


def test_a_result_that_could_not_be_shared_says_so_and_loses_nothing(
    seats: dict[str, Seat],
) -> None:
    seat, page = seats[READER], seats[READER].page
    page.unroute_all()
    seat.visit.go(seat.url("/patients/{person}/exams/{exam}"))
    page.get_by_role("button", name="Partager le résultat").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("^Nom")).fill("Dr Gommier-Test")
    dialog.get_by_label("Adresse de messagerie").fill("gommier@cabinet.test")
    assert (seat.visit.violations(), seat.visit.overflow()) == ([], 0)
    shares = seat.url("**/api/exams/{exam}/shares")
    page.route(shares, lambda route: route.abort("connectionrefused"))

    dialog.get_by_role("button", name="Envoyer le lien").click()

    expect(page.get_by_role("alert").last).to_contain_text(re.compile("Rien n.a été modifié"))
    expect(dialog.get_by_label(re.compile("^Nom"))).to_have_value("Dr Gommier-Test")

    page.unroute(shares)
    dialog.get_by_role("button", name="Envoyer le lien").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("region", name="Résultat partagé")).to_contain_text("Gommier-Test")


def said(language: str) -> set[str]:
    """Return every whole sentence and word of a language."""

    def leaves(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            for each in node.values():
                yield from leaves(each)
        elif isinstance(node, str) and "{{" not in node:
            yield node

    return set(leaves(json.loads((WORDS / f"{language}.json").read_text("utf-8"))))


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_french_is_left_on_a_screen_in_another_language(
    seats: dict[str, Seat], language: str
) -> None:
    french = said("fr") - said(language)
    found = {}
    for seat in seats.values():
        speak(seat, language)
    for screen in SCREENS:
        seat = seats[screen.login]
        seat.go(screen)
        expect(seat.given(screen)).to_be_visible()
        expect(seat.page.locator("html")).to_have_attribute("lang", language)
        shown = {each.strip() for each in seat.page.locator("body").inner_text().splitlines()}
        missing = {each for each in shown if KEY.fullmatch(each)}
        found[screen.name] = (shown & french, missing, seat.visit.overflow())

    assert {name: bad for name, bad in found.items() if bad != (set(), set(), 0)} == {}


def test_a_page_that_comes_late_says_so_and_never_replaces_a_newer_one(
    seats: dict[str, Seat],
) -> None:
    seat, page = seats[READER], seats[READER].page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.unroute_all()
    page.route("**/assets/PatientsPages-*.js", hold)
    seat.go(SCREENS[0])
    expect(seat.given(SCREENS[0])).to_be_visible()
    rail = page.locator("nav").filter(has=page.locator("a[href='/patients']"))

    rail.locator("a[href='/patients']").click()
    expect(page.locator("main [aria-busy=true]").first).to_be_visible()
    rail.locator("a[href='/reading']").click()
    expect(page.get_by_role("grid")).to_be_visible()
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)

    assert held
    expect(page.get_by_role("grid")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/reading(\?|$)"))
    page.unroute_all()
