"""`make demo ONE=1`: one node with two organisations, people of every role, and exams that arrive.

Everything is invented and lives on loopback. Passwords are made anew each time and printed once.
Ctrl-C stops the node; its home is deleted.
"""

import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from archipel.access import enrol
from archipel.access.model import Device, Organisation, Person, Role, Service
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.kernel.aetitle import AETitle
from archipel.kernel.clock import utc_now
from archipel.kernel.errors import ArchipelError
from archipel.kernel.identifiers import TenantId
from archipel.protocols.dimse.user import Peer
from archipel.testing.modality import send
from archipel.testing.phantoms.exams import SITES, Plan, plans
from archipel.testing.running_node import RunningNode

HTTP, DICOM = "127.0.0.1:8042", "127.0.0.1:11112"
ZONE = "America/Martinique"
WEST, EAST = "chu-martinique", "ch-basse-terre"
MODALITIES = ("SIM_CT1", "SIM_MR1", "SIM_DX1")
PEOPLE = (
    ("j.letchimy", "Dr J. Letchimy-Test", WEST, Role.RADIOLOGIST),
    ("l.manip", "L. Manip-Test", WEST, Role.TECHNOLOGIST),
    ("s.accueil", "S. Accueil-Test", WEST, Role.SECRETARY),
    ("m.bellegarde", "Dr M. Bellegarde-Test", EAST, Role.RADIOLOGIST),
    ("v.identite", "V. Identité-Test", WEST, Role.IDENTITY_OFFICER),
    ("a.site", "A. Site-Test", WEST, Role.SITE_ADMIN),
    ("r.reseau", "R. Réseau-Test", WEST, Role.NETWORK_ADMIN),
)
FIRST = ("ultrasound", "brain")  # made in a second: something to look at while the rest is made
PACE_PER_S = 25.0


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who can sign in, with the password that is printed."""

    person: Person
    password: str


def run() -> None:
    """Run the demonstration until Ctrl-C."""
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell may have told us to ignore the latter
        signal.signal(number, signal.default_int_handler)
    console = Console()
    root = Path(tempfile.mkdtemp(prefix="archipel-demo-"))
    try:
        seats = _lay_out(root)
        settings = {
            "ARCHIPEL_NODE__DEMONSTRATION": "true",
            "ARCHIPEL_NODE__TIME_ZONE": ZONE,
            "ARCHIPEL_ARCHIVE__STUDY_QUIET_S": "15",
            "ARCHIPEL_ARCHIVE__LOW_DISK_BYTES": str(256 << 20),
        }
        with RunningNode(root, HTTP, DICOM, settings) as node:
            _greet(console, node, seats)
            stop = threading.Event()
            arrivals = threading.Thread(target=_arrive, args=(console, node, stop), daemon=True)
            arrivals.start()
            try:
                while True:
                    time.sleep(0.5)
            except KeyboardInterrupt:
                stop.set()
                console.print("Stopping…")
    except ArchipelError as error:
        sys.stderr.write(f"demo: {error}\n")
        sys.exit(1)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _lay_out(root: Path) -> list[Seat]:
    """Make the node: organisations, devices, people."""
    create_node(Home(root), name="Archipel, démonstration", community="martinique")
    seats = []
    with Node.open(Home(root)) as node:
        now = node.clock()
        for key, name in ((WEST, SITES[0]), (EAST, SITES[1])):
            wanted = enrol.organisation_from(key, name)
            made: Organisation = enrol.add_organisation(
                wanted, office=node.office("demo"), now=now
            )
            for title in MODALITIES:
                device = Device(
                    ae_title=AETitle(title),
                    tenant=made.key,
                    host=None,
                    port=None,
                    may=frozenset({Service.STORE}),
                )
                enrol.register_device(device, office=node.office("demo"), now=now)
        for login, name, key, role in PEOPLE:
            person = Person(login=login, name=name, tenant=TenantId(key), role=role)
            seat = Seat(person, secrets.token_urlsafe(12))
            office = node.office("demo")
            enrol.add_person_with_password(person, seat.password, office=office, now=now)
            seats.append(seat)
    return seats


def _greet(console: Console, node: RunningNode, seats: list[Seat]) -> None:
    table = Table("login", "password, for this demonstration", "role", "organisation", box=None)
    for seat in seats:
        person = seat.person
        table.add_row(person.login, seat.password, person.role.value, person.tenant.value)
    console.print(
        f"\n[bold]{node.http}/[/bold]  workstation and viewer, every patient is invented"
    )
    console.print(f"{node.http}/dicomweb  ·  DICOM {node.dicom_host}:{node.dicom_port}\n")
    console.print(table)
    console.print("\nExams arrive by C-STORE. Ctrl-C stops everything.\n")


def _arrive(console: Console, node: RunningNode, stop: threading.Event) -> None:
    """Send the day's exams, the quick ones first, at the pace of a scanner."""
    day = plans(utc_now().astimezone(ZoneInfo(ZONE)), run=secrets.token_hex(4))
    for plan in sorted(day, key=lambda one: one.name not in FIRST):
        if stop.is_set():
            return
        count = 0
        try:
            for _ in send(plan, _peer(node, plan), per_second=PACE_PER_S):
                count += 1
                if stop.is_set():
                    return
        except ArchipelError as error:
            console.print(f"  {plan.name}: {error}")
            continue
        console.print(f"  {plan.exam.description}: {count} images")


def _peer(node: RunningNode, plan: Plan) -> Peer:
    key = EAST if plan.exam.institution == SITES[1] else WEST
    return Peer(
        host=node.dicom_host,
        port=node.dicom_port,
        called=enrol.default_title(TenantId(key)),
        calling=AETitle(MODALITIES[0]),
    )
