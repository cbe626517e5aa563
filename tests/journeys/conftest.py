"""A real node with people and phantoms, and a real browser in front of it."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.journeys.clinic import clinic, released  # noqa: F401  (fixtures of the portal)

from archipel.access import enrol
from archipel.access.model import Device, Person, Role, Service
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.kernel.aetitle import AETitle
from archipel.kernel.clock import utc_now
from archipel.kernel.identifiers import TenantId
from archipel.protocols.dimse.user import Peer
from archipel.protocols.web.static import SHELL, STATIC
from archipel.testing.modality import send
from archipel.testing.phantoms.exams import plans
from archipel.testing.running_node import RunningNode

CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PASSWORD = "un-mot-de-passe-de-test"
READER, COLLEAGUE, ADMINISTRATOR, STRANGER = "j.letchimy", "m.bellegarde", "s.pacs", "c.ailleurs"
PEOPLE = (
    (READER, "chu-fdf", "radiologist", "Dr J. Letchimy-Test"),
    (COLLEAGUE, "chu-fdf", "radiologist", "Dr M. Bellegarde-Test"),
    (ADMINISTRATOR, "chu-fdf", "network-admin", "S. Pacs-Test"),
    (STRANGER, "chu-pap", "radiologist", "Dr C. Ailleurs-Test"),
    ("k.manip", "chu-fdf", "technologist", "K. Manip-Test"),
    ("v.identite", "chu-fdf", "identity-officer", "V. Identité-Test"),
    ("r.caravelle", "caravelle", "radiologist", "Dr R. Caravelle-Test"),
)
WAIT_MS = 60_000  # two image viewers at once draw slowly without a graphics card
expect.set_options(timeout=WAIT_MS / 2)  # for every journey: a busy machine is no broken screen


@dataclass(frozen=True, slots=True)
class Site:
    """The node, the token that `init` printed, and how exams are sent to it."""

    node: RunningNode
    token: str

    @property
    def url(self) -> str:
        """Where the browser goes."""
        return self.node.http

    def receive(self, *names: str, run: str = "journey") -> None:
        """Send these phantom exams by C-STORE, as a scanner would."""
        peer = Peer(
            host=self.node.dicom_host,
            port=self.node.dicom_port,
            called=AETitle.parse("CHU_FDF"),
            calling=AETitle.parse("SIM_CT1"),
        )
        for plan in plans(utc_now(), run=run):
            if plan.name in names:
                for _ in send(plan, peer, quick=True):
                    pass


def new_home(folder: Path) -> tuple[Path, str]:
    """Make a node with three organisations and people of several roles; also its first token.

    Within this process: as commands (test_command_line) it takes as long as a dozen tests.
    """
    if not (STATIC / SHELL / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    home = Home(folder / "home")
    token = create_node(home, name="Fort-de-France", community="martinique").token
    with Node.open(home) as node:
        office, now = node.office("journeys"), node.clock()
        for key, name, title in (
            ("chu-fdf", "CHU Fort-de-France", "CHU_FDF"),
            ("chu-pap", "CHU Pointe-à-Pitre", "CHU_PAP"),
            ("caravelle", "Imagerie de la Caravelle", "CARAVELLE"),
        ):
            wanted = replace(enrol.organisation_from(key, name), ae_titles=(AETitle(title),))
            enrol.add_organisation(wanted, office=office, now=now)
            office = node.office("journeys")
        for login, key, role, name in PEOPLE:
            person = Person(login=login, name=name, tenant=TenantId(key), role=Role(role))
            enrol.add_person_with_password(person, PASSWORD, office=office, now=now)
        device = Device(
            ae_title=AETitle("SIM_CT1"),
            tenant=TenantId("chu-fdf"),
            host=None,
            port=None,
            may=frozenset({Service.STORE}),
        )
        enrol.register_device(device, office=office, now=now)
    return home.root, token


@pytest.fixture(scope="session")
def founded() -> Callable[[Path], Site]:
    """Make a node that is not started yet, for a module that needs one of its own."""

    def found(folder: Path) -> Site:
        home, token = new_home(folder)
        return Site(RunningNode(home), token)

    return found


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run a node with three exams."""
    home, token = new_home(tmp_path_factory.mktemp("journey"))
    with RunningNode(home) as running:
        site = Site(running, token)
        site.receive("thorax-prior", "thorax", "radiograph")
        yield site


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start one browser for all journeys."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield browser
        browser.close()


@dataclass(frozen=True, slots=True)
class Visit:
    """One person at one screen; what the browser complained of is kept."""

    page: Page
    site: Site
    complaints: list[str]

    def go(self, path: str) -> None:
        """Open a page of the shell by its address."""
        self.page.goto(self.site.url + path)

    def sign_in(self, login: str) -> None:
        """Sign in through the form, as people do."""
        self.go("/login")
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/login" not in url, timeout=WAIT_MS)

    def violations(self) -> list[str]:
        """Return what axe-core finds against WCAG 2.1 A and AA, the viewer's own frame aside."""
        if not AXE.is_file():
            pytest.skip("axe-core is not installed: cd web && npm ci")
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate(
            """axe.run({exclude: ["iframe"]},
                 {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
               .then(({violations}) => violations.map(({id, nodes}) =>
                 id + ": " + nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")))"""
        )
        return list(found)

    def overflow(self) -> int:
        """Return how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.fixture(scope="session")
def visitor() -> type[Visit]:
    """Give the kind of a visit, for a module whose tests share theirs."""
    return Visit


@pytest.fixture
def visit(node: Site, chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Open windows; at the end no script may have failed in any of them."""
    opened: list[Visit] = []

    def window(width: int = 1600, height: int = 1000, *, touch: bool = False) -> Visit:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            has_touch=touch,
            is_mobile=touch,
            locale="fr-FR",
            timezone_id="America/Martinique",
        )
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        fresh = Visit(page, node, [])
        page.on("pageerror", lambda error: fresh.complaints.append(str(error)))
        opened.append(fresh)
        return fresh

    yield window
    for each in opened:
        each.page.context.close()
    assert [each.complaints for each in opened if each.complaints] == []
