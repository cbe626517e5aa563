"""`archipel conform` on our own door and on Debian's Orthanc, and the page that tells of both."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from archipel.testing.conform.model import Finding, Verdict
from archipel.testing.peers.orthanc import is_installed, orthanc
from archipel.testing.peers.scores import PAGE, found_of, verdicts_of

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.slow


def told(found: Sequence[Finding]) -> dict[str, str]:
    return {finding.check.name: finding.verdict.value for finding in found}


def test_nothing_fails_here_and_the_page_says_what_passes(node: dict) -> None:
    base = f"{node['http']}/dicomweb"

    found = found_of(base, f"{base}/wado", node["tokens"]["west"])

    assert [f"{f.check.name}: {f.evidence}" for f in found if f.verdict is Verdict.FAIL] == []
    assert told(found) == verdicts_of(PAGE.read_text(), 0)


def test_the_command_tells_a_part_as_a_table(node: dict) -> None:
    command = [sys.executable, "-m", "archipel", "conform", f"{node['http']}/dicomweb"]
    told = {"ARCHIPEL_CONFORM_TOKEN": node["tokens"]["west"], "PYTHONPATH": str(ROOT / "src")}

    ended = subprocess.run(
        [*command, "--only", "page", "--as", "markdown"],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert set(verdicts_of(ended.stdout, 0).values()) == {"pass"}


@pytest.mark.skipif(not is_installed(), reason="Orthanc is not installed")
def test_orthanc_is_told_as_it_is(tmp_path: Path) -> None:
    with orthanc(tmp_path) as peer:
        if f"| {peer.version} |" not in PAGE.read_text():
            pytest.skip(f"the page tells of another version than {peer.version}")

        found = found_of(peer.dicomweb, peer.wado_uri)

    assert told(found) == verdicts_of(PAGE.read_text(), 1)
