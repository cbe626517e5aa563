"""What waits for a decision, decided with the keyboard alone, on a node of its own.

A second instance under a UID that is taken, an exam that says two things and one that names nobody
come in by C-STORE; stuck work is tried again by the real worker, and given up.
"""

import os
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from archipel.access.model import AuditQuery
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.archive.events import SeriesReceived
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.clock import utc_now
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.outgoing import Outgoing, batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from archipel.stores.sql import outbox
from archipel.testing.instances import instance
from archipel.testing.phantoms.datasets import encode
from archipel.testing.phantoms.exams import plans

pytestmark = pytest.mark.browser

TECHNOLOGIST, ADMINISTRATOR, PATIENT_ID = "k.manip", "s.pacs", 0x00100020
TENANT = TenantId("chu-fdf")
SCOPE = Scope(Actor(ActorKind.NODE, "test"), frozenset({TENANT}))


@pytest.fixture(scope="module")
def node(
    founded: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Run a node of this journey's own, with all that can wait for a decision."""
    site = founded(tmp_path_factory.mktemp("settle"))
    with site.node:
        arrive(site)
        fail(site)
        yield site


def arrive(site: Any) -> None:
    """Send a radiograph; then its UID with other bytes, a late image that disagrees, a nobody."""
    site.receive("radiograph", run="settle")
    (plan,) = [one for one in plans(utc_now(), run="settle") if one.name == "radiograph"]
    first = next(iter(plan.instances(quick=True)))
    second, late = deepcopy(first), deepcopy(first)
    second.OperatorsName = "TEST-Autre^Manipulateur"
    second.PixelData = bytes(reversed(first.PixelData))
    late.SOPInstanceUID = Uid.fresh().value
    late.StudyDescription = "Radiographie du poignet"
    whole = [
        Outgoing(
            sop_class=Uid(str(each.SOPClassUID)),
            sop_instance=Uid(str(each.SOPInstanceUID)),
            transfer_syntax=Uid(EXPLICIT_VR_LITTLE_ENDIAN),
            dataset=partial(list, [encode(each)]),
        )
        for each in (second, late)
    ]
    peer = Peer(
        host=site.node.dicom_host,
        port=site.node.dicom_port,
        called=AETitle("CHU_FDF"),
        calling=AETitle("SIM_CT1"),
    )
    for one in (*whole, instance(texts={PATIENT_ID: ""}).outgoing()):
        ((proposals, sent),) = batches([one])
        with sender(peer, proposals) as scu:
            assert [scu.store(each) for each in sent] == [0]


def fail(site: Any) -> None:
    """Give up two works for good: one that can be done now, one that nobody here does any more."""
    fact = SeriesReceived(tenant=TENANT, at=utc_now(), study=Uid("2.25.1"), series=Uid("2.25.2"))
    with Node.open(Home(site.node.home)) as node, node.database.write() as connection:
        letter = outbox.DeadLetter(
            position=outbox.announce(connection, fact),
            subscriber="seal",
            kind=outbox.kind_of(SeriesReceived),
            body=outbox.encode(fact),
            attempts=4,
            reason="no space is left for the pack",
            at=utc_now(),
        )
        outbox.bury(connection, letter)
        outbox.bury(connection, replace(letter, subscriber="index-elsewhere"))


def picture(page: Page, name: str) -> None:
    """Keep a picture of the screen for those who compare it with the mock-up."""
    if folder := os.environ.get("ARCHIPEL_PICTURES"):
        page.wait_for_timeout(400)
        page.screenshot(path=Path(folder) / f"{name}.png")


def press(button: Locator) -> None:
    """Press a button as the keyboard does."""
    button.focus()
    button.press("Enter")


def test_what_waits_is_compared_decided_and_taken_back_with_the_keyboard(
    visit: Callable[..., Any], node: Any
) -> None:
    page = (window := visit()).page
    window.sign_in(TECHNOLOGIST)
    expect(page.locator("[data-exam]").first).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("c")
    twice, differences, nobody = (
        page.locator("section.panel", has=page.get_by_role("heading", name=name))
        for name in ("Instances reçues deux fois", "disent deux choses", "sans identifiant")
    )
    expect(twice.get_by_role("listitem")).to_have_count(1)
    expect(nobody.get_by_text("TEST-Lefèvre")).to_be_visible()

    press(twice.get_by_role("button", name="Comparer"))
    expect(twice.get_by_text("Les pixels diffèrent.")).to_be_visible()
    expect(twice.get_by_role("row", name="OperatorsName")).to_contain_text("TEST-Autre")
    page.wait_for_function("() => [...document.images].every((one) => one.naturalWidth > 0)")
    picture(page, "settle-1600")
    assert (window.violations(), window.overflow()) == ([], 0)

    press(twice.get_by_role("button", name="Garder le premier"))
    expect(twice.get_by_text("Aucune instance")).to_be_visible()
    press(page.get_by_role("alert").get_by_role("button", name="Annuler"))
    expect(twice.get_by_role("listitem")).to_have_count(1)

    row = differences.get_by_role("row", name="StudyDescription")
    press(row.get_by_role("button", name="Garder Radiographie du poignet"))
    expect(page.get_by_text("La valeur est retenue.")).to_be_visible()
    expect(row.get_by_role("button", name="Garder")).to_have_count(0)
    press(page.get_by_role("alert").get_by_role("button", name="Annuler").last)
    expect(row.get_by_role("button", name="Garder")).to_have_count(2)

    press(twice.get_by_role("button", name="Abandonner le second"))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Motif")).to_be_focused()
    page.keyboard.type("Renvoi d'essai de la modalité")
    assert window.violations() == []
    press(dialog.get_by_role("button", name="Abandonner le second"))
    expect(twice.get_by_text("Aucune instance")).to_be_visible()

    page.set_viewport_size({"width": 390, "height": 844})
    assert (window.violations(), window.overflow()) == ([], 0)
    picture(page, "settle-390")


def test_stuck_work_is_tried_again_by_the_worker_and_given_up_for_a_reason(
    visit: Callable[..., Any], node: Any
) -> None:
    page = (window := visit()).page
    window.sign_in(ADMINISTRATOR)
    page.keyboard.press("g")
    page.keyboard.press("n")
    stuck = page.get_by_role("region", name="Travaux en échec").first
    done, undone = (stuck.get_by_role("row", name=name) for name in ("seal", "index-elsewhere"))
    expect(done).to_contain_text("no space is left for the pack")
    expect(done).to_contain_text("CHU Fort-de-France")
    stuck.scroll_into_view_if_needed()
    picture(page, "stuck-work-1600")
    assert window.violations() == []

    press(done.get_by_role("button", name="Réessayer"))
    expect(done).to_have_count(0)
    press(undone.get_by_role("button", name="Réessayer"))
    expect(undone).not_to_contain_text("no space is left")

    press(undone.get_by_role("button", name="Abandonner"))
    page.keyboard.type("Ce nœud n'a plus cet index")
    press(page.get_by_role("dialog").get_by_role("button", name="Abandonner"))
    expect(stuck.get_by_text("Aucun travail en échec")).to_be_visible()
    with Node.open(Home(node.node.home)) as held:
        said = held.audit.search(AuditQuery(actor=ADMINISTRATOR), scope=SCOPE, node=True)
    assert [one.entry.detail.partition(" ")[2] for one in said if "work" in one.entry.detail] == [
        "archive.SeriesReceived dropped: Ce nœud n'a plus cet index",
        "archive.SeriesReceived delivered again",
        "archive.SeriesReceived delivered again",
    ]
