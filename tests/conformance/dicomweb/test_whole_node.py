"""What needs more than the door: events through a node's web server, commitments by its work."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from archipel.testing.conform.model import Verdict
from archipel.testing.conform.run import findings, prepare
from archipel.testing.conform.server import Server
from archipel.testing.running_node import RunningNode


def _command(home: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "archipel", *arguments, "--home", str(home)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


@pytest.mark.slow
def test_events_are_heard_and_commitments_decided_in_a_whole_node(tmp_path: Path) -> None:
    home = tmp_path / "home"
    _command(home, "init", "--name", "TEST", "--community", "test")
    _command(home, "organisation", "add", "chu", "--name", "TEST CHU")
    _command(home, "user", "add", "t.gateway", "--organisation", "chu", "--role", "radiologist")
    token = _command(home, "token", "create", "--user", "t.gateway")
    with RunningNode(home) as node:
        base = f"{node.http}/dicomweb"
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as http:
            trial = prepare(Server(base, f"{base}/wado", http))
            found = [
                finding
                for only in ("events.state-report", "events.filtered", "commitment.committed")
                for finding in findings(trial, only=only)
            ]

    assert [one.verdict for one in found] == [Verdict.PASS] * 3, [one.evidence for one in found]
