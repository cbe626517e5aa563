"""The story that is played: an exam of Guyane, a cut line, a reader in Martinique, a phone.

Each step is what a person does at a screen or a machine at a door; nothing is told beside the
doors of the nodes. The journey of the tests plays the same steps.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from archipel.kernel.clock import utc_now
from archipel.kernel.errors import ArchipelError, Unavailable
from archipel.protocols.dimse.user import Peer
from archipel.testing.demo.cast import GUYANE, MARTINIQUE, REFERRER_MAIL
from archipel.testing.demo.fleet import Fleet
from archipel.testing.demo.people import AtScreen
from archipel.testing.mail import MailCatcher
from archipel.testing.modality import send
from archipel.testing.phantoms.exams import Plan, plans

ASKS, READS = "l.manip", "j.letchimy"
PATIENCE_S = 240.0
CUT_S = 12.0
QUESTION = "Toux fébrile depuis dix jours, opacité à la radiographie : nodule, extension ?"
WORDS: Mapping[str, str] = {
    "indication": QUESTION,
    "technique": "Acquisition hélicoïdale sans injection.",
    "findings": "Nodule plein du lobe supérieur droit. Pas d'épanchement.",
    "conclusion": "Nodule du lobe supérieur droit à contrôler par une TEP-TDM.",
}
PLAIN = "Une petite boule a été vue dans le poumon droit. Votre médecin vous l'expliquera."


@dataclass
class Play:
    """The exam of the story, as far as it went. One method for each step."""

    fleet: Fleet
    mails: MailCatcher
    run: str  # another one makes another study
    quick: bool = False
    exam: str = ""
    request: str = ""
    letter: str = ""  # the address of the doctor's page
    marks: dict[str, float] = field(default_factory=dict)  # step -> seconds on our clock

    @contextmanager
    def person(self, isle: str, login: str) -> Iterator[AtScreen]:
        """Sit somebody down at the screen of their node."""
        afloat = self.fleet[isle]
        with AtScreen(afloat.url, login, afloat.passwords[login]) as seated:
            yield seated

    def scan(self) -> str:
        """Have the scanner in Cayenne send a chest CT by C-STORE."""
        self.exam = f"{GUYANE.tenant()}~{thorax(self.run).exam.study}"
        scanner = self.fleet["guyane"].scanner()
        # In a process of its own: drawing here would hold up the lines, which this one carries.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            count = pool.submit(_sent, self.run, scanner, quick=self.quick).result()
        self.marks["stored"] = time.monotonic()
        return f"{count} images"

    def ask(self) -> str:
        """Have the technologist ask Martinique for the reading, once the exam is complete."""
        with self.person("guyane", ASKS) as seated:
            seated.await_(
                f"/api/exams/{self.exam}",
                lambda said: said["row"]["status"] != "acquiring",
                within_s=PATIENCE_S,
            )
            body = {
                "exam": self.exam,
                "question": QUESTION,
                "urgency": "stat",
                "justification": {"reason": "Suspicion de tumeur, aucun radiologue sur place."},
                "callback": {"name": "Dr A. Pomme-Test", "phone": "0594 00 00 00"},
                "consent": {"kind": "given", "by": "L. Manip-Test"},
                "partner": MARTINIQUE.tenant().value,
                "override": "Démonstration : la Martinique est choisie.",
            }
            placed = seated.ask("POST", "/api/requests", body)
        self.request = placed["row"]["request"]
        self.marks["asked"] = time.monotonic()
        return f"demande {self.request}"

    def travels(self) -> str:
        """Wait until Martinique knows of the request and images are on their way."""
        with self.person("martinique", READS) as seated:
            row = seated.await_(
                "/api/requests",
                lambda said: self._row(said, {"travelling", "ready"}),
                within_s=PATIENCE_S,
            )
        self.marks["known"] = time.monotonic()
        return f"{row['images']['state']}, {row['images']['percent'] or 0} %"

    def cut(self) -> str:
        """Cut the line between Guyane and Martinique."""
        self.fleet.lines.turn("guyane", "martinique", cut=True, drop=True)
        self.marks["cut"] = time.monotonic()
        return "chaque site continue seul"

    def heal(self) -> str:
        """Heal it after a while."""
        time.sleep(max(0.0, CUT_S - (time.monotonic() - self.marks["cut"])))
        self.fleet.lines.turn("guyane", "martinique", cut=False)
        self.marks["healed"] = time.monotonic()
        return "les transferts reprennent d'eux-mêmes"

    def arrives(self) -> str:
        """Wait until the whole exam is in Martinique."""
        with self.person("martinique", READS) as seated:
            seated.await_(
                "/api/requests", lambda said: self._row(said, {"ready"}), within_s=PATIENCE_S
            )
        self.marks["here"] = time.monotonic()
        return (
            f"{self.marks['here'] - self.marks['asked']:.0f} s après la demande, coupure comprise"
        )

    def read(self) -> str:
        """Have the radiologist claim, write, look at the preview and sign."""
        path = f"/api/exams/{self.exam}"
        with self.person("martinique", READS) as seated:
            fence = seated.ask("POST", f"{path}/claim", {})["fence"]
            version = seated.ask("GET", f"{path}/report")["version"]
            saved = seated.ask(
                "PUT", f"{path}/report", _draft(), headers={"If-Match": f'"v{version}"'}
            )
            seated.ask("POST", f"{path}/report/preview")
            checks = seated.ask("GET", f"{path}/report/checks?fence={fence}")
            warned = [one["rule"] for one in checks if one["outcome"] == "warns"]
            wanted = {"version": saved["version"], "fence": fence, "accepted": warned}
            seated.ask("POST", f"{path}/report/sign", wanted)
        self.marks["signed"] = time.monotonic()
        return "compte rendu validé et signé"

    def comes_back(self) -> str:
        """Wait until Guyane has the signed report; its technologist acknowledges it."""
        with self.person("guyane", ASKS) as seated:
            seated.await_(
                "/api/requests", lambda said: self._row(said, {"returned"}), within_s=PATIENCE_S
            )
            seated.ask("POST", f"/api/requests/{self.request}/acknowledge")
        self.marks["returned"] = time.monotonic()
        return "reçu et acquitté en Guyane"

    def mail(self) -> str:
        """Wait for the mail to the family doctor; it holds the link of the phone page."""
        caught = self.mails.wait_for(REFERRER_MAIL, timeout_s=PATIENCE_S)
        found = re.search(r"http://\S+/portal/#\S+", caught.text)
        if found is None:
            raise Unavailable("the mail holds no link to the result")
        self.letter = found[0]
        self.marks["mailed"] = time.monotonic()
        return f"courriel à {REFERRER_MAIL} ; le code à usage unique arrive dans la même boîte"

    def _row(self, board: Any, stages: set[str]) -> Any:
        return next(
            (
                row
                for row in board["rows"]
                if row["request"] == self.request and row["stage"] in stages
            ),
            None,
        )

    def steps(self) -> Sequence[tuple[str, Callable[[], str]]]:
        """Return every step with its title, in order."""
        return (
            ("Un scanner du thorax est fait à Cayenne (C-STORE)", self.scan),
            ("La manipulatrice demande une lecture à la Martinique", self.ask),
            ("La demande et les images partent", self.travels),
            ("La liaison Guyane-Martinique est coupée", self.cut),
            ("La liaison est rétablie", self.heal),
            ("Les images arrivent entières à Fort-de-France", self.arrives),
            ("La radiologue lit, rédige et signe", self.read),
            ("Le compte rendu revient en Guyane", self.comes_back),
            ("Le médecin traitant reçoit un lien pour son téléphone", self.mail),
        )


def thorax(run: str) -> Plan:
    """Return the exam of the story; another `run` makes another study."""
    sites = (GUYANE.organisations[0], GUYANE.organisations[1])
    now = utc_now().astimezone(ZoneInfo(GUYANE.zone))  # as the scanner's own clock says
    return {plan.name: plan for plan in plans(now, run=run, sites=sites)}["thorax"]


def _sent(run: str, scanner: Peer, *, quick: bool) -> int:
    """Make the exam and send it; returns how many images."""
    return sum(1 for _ in send(thorax(run), scanner, quick=quick))


def _draft() -> dict[str, Any]:
    return {
        "sections": [
            {"code": code, "blocks": [{"kind": "text", "text": text}]}
            for code, text in WORDS.items()
        ],
        "plain_words": PLAIN,
    }


@dataclass
class Step:
    """What the start page shows of one step."""

    title: str
    play: Callable[[], str]
    state: str = "waiting"
    detail: str = ""
    url: str = ""


class Story:
    """Plays the steps in a thread of its own, one after the other."""

    def __init__(self, play: Play, console: Console, *, by_step: bool = False) -> None:
        self._play, self._console, self._by_step = play, console, by_step
        self._told = [Step(title, act) for title, act in play.steps()]
        self._ended, self._next, self._waits = threading.Event(), threading.Event(), False

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, daemon=True, name="story").start()
        if self._by_step:
            threading.Thread(target=self._listen, daemon=True, name="enter").start()

    def go_on(self) -> None:
        """Let the next step begin."""
        self._next.set()

    def end(self) -> None:
        """Stop where it is."""
        self._ended.set()
        self._next.set()

    def state(self) -> dict[str, Any]:
        """Return what the start page shows."""
        told = [
            {"title": one.title, "state": one.state, "detail": one.detail, "url": one.url}
            for one in self._told
        ]
        return {"story": told, "waits": self._waits, "inbox": self._play.mails.url}

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                input()
            except EOFError:  # no keyboard: the start page has a button
                return
            self.go_on()

    def _run(self) -> None:
        for number, step in enumerate(self._told, start=1):
            if self._by_step:
                self._waits = True
                self._console.print(f"  Enter: {step.title}")
                self._next.wait()
                self._next.clear()
                self._waits = False
            if self._ended.is_set():
                return
            step.state = "now"
            try:
                step.detail = step.play()
            except ArchipelError as error:
                step.state, step.detail = "failed", str(error)
                self._console.print(f"  {number}. {step.title}: {error}")
                return
            step.state, step.url = "done", self._play.letter
            self._console.print(f"  {number}. {step.title}: {step.detail} {step.url}")
