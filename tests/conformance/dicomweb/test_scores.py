"""`archipel conform` on our own door and on Debian's Orthanc, and the page that tells of both."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from archipel.testing.conform.model import Finding, Verdict
from archipel.testing.peers.orthanc import is_installed, orthanc
from archipel.testing.peers.scores import PAGE, found_of, verdicts_of

pytestmark = pytest.mark.slow


def told(found: Sequence[Finding]) -> dict[str, str]:
    return {finding.check.name: finding.verdict.value for finding in found}


def test_nothing_fails_here_and_the_page_says_what_passes(node: dict) -> None:
    base = f"{node['http']}/dicomweb"

    found = found_of(base, f"{base}/wado", node["tokens"]["west"])

    assert [f"{f.check.name}: {f.evidence}" for f in found if f.verdict is Verdict.FAIL] == []
    assert told(found) == verdicts_of(PAGE.read_text(), 0)


@pytest.mark.skipif(not is_installed(), reason="Orthanc is not installed")
def test_orthanc_is_told_as_it_is(tmp_path: Path) -> None:
    with orthanc(tmp_path) as peer:
        if f"| {peer.version} |" not in PAGE.read_text():
            pytest.skip(f"the page tells of another version than {peer.version}")

        found = found_of(peer.dicomweb, peer.wado_uri)

    assert told(found) == verdicts_of(PAGE.read_text(), 1)
