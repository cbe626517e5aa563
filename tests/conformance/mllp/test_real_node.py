"""A whole node: what was acknowledged is there after a crash, and a modality finds it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hl7.client import MLLPClient
from tests.conformance.mllp.conftest import order

from archipel.access.model import Device, Service
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.kernel.aetitle import AETitle
from archipel.testing.access_builders import WEST, organisation, scope_of
from archipel.testing.running_node import RunningNode

pytestmark = pytest.mark.slow
SEEN = scope_of(WEST)


def send(place: str, *controls: str) -> None:
    host, port = place.split(":")
    with MLLPClient(host, int(port)) as client:
        for control in controls:
            body = order(control).replace(b"CT^Scanner\r", b"CT^Scanner" + b"|" * 20 + b"CT\r")
            assert b"MSA|AA|" in client.send_message(body)


def test_an_acknowledged_order_outlives_a_crash_and_is_on_the_worklist(tmp_path: Path) -> None:
    home = Home(tmp_path / "node")
    create_node(home, name="TEST", community="test")
    with Node.open(home) as node:
        node.organisations.add(organisation(WEST))
        device = Device(
            ae_title=AETitle("CT1"),
            tenant=WEST,
            host=None,
            port=None,
            may=frozenset({Service.WORKLIST}),
        )
        node.organisations.register(device)
    words = ["hl7", "site", "add", "ris", "--home", str(home.root), "--organisation", "west"]
    subprocess.run(
        [sys.executable, "-m", "archipel", *words, "--sender", "RIS|CHU"], check=True, timeout=120
    )
    settings = {"ARCHIPEL_HL7__LISTEN": "127.0.0.1:0"}
    with RunningNode(home.root, settings=settings) as running:
        send(running.hl7, "1", "2")
        told = json.loads((home.run / "processes.json").read_text())
        os.kill(told["roles"]["hl7"]["pid"], signal.SIGKILL)
        send(running.hl7, "2", "3")  # the supervisor holds the door open meanwhile
        found = subprocess.run(
            [
                *("/usr/bin/findscu", "-W", "-aet", "CT1", "-aec", "WEST", "-k", "PatientName"),
                *("-k", "ScheduledProcedureStepSequence[0].Modality=CT"),
                *("-k", "PlacerOrderNumberImagingServiceRequest"),
                *(running.dicom_host, str(running.dicom_port)),
            ],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=True,
        )
    said = found.stdout + found.stderr

    with Node.open(home) as node:
        assert len(node.messages.listed(scope=SEEN)) == 3
    assert all(f"[PL{number}" in said for number in "123")
