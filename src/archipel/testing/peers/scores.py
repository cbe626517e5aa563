"""The page of scores, docs/conformance/dicomweb-scores.md: ours beside Orthanc's.

``python -m archipel.testing.peers.scores`` runs both and writes the page.
"""

import contextlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx

from archipel.testing.conform.model import Finding
from archipel.testing.conform.report import as_markdown
from archipel.testing.conform.run import findings, prepare
from archipel.testing.conform.server import Server
from archipel.testing.peers.orthanc import orthanc

PAGE = Path(__file__).parents[4] / "docs" / "conformance" / "dicomweb-scores.md"
OURS = "Archipel"
_HEAD = """# DICOMweb scores

What `archipel conform` found of this node and of Debian's Orthanc, each as it is installed.
Written by `python -m archipel.testing.peers.scores`; each verdict is held by a run of its own in
`tests/conformance/dicomweb/test_scores.py`. "Optional" is what PS3.18 lets a server leave out by a
clean refusal; what is left out so counts as not offered. How checks are written:
[ADR 0110](../adr/0110-servers-are-held-against-the-standard-by-a-client-of-its-own-room.md).

"""
_STOP_WITHIN_S = 20.0


@contextlib.contextmanager
def node() -> Iterator[tuple[str, str]]:
    """Run a node of the DICOMweb door; gives its base address and a token."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "archipel.testing.dicomweb_node", home]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603  (ours)
            try:
                assert process.stdout is not None  # noqa: S101  (a pipe was asked for)
                ready = json.loads(process.stdout.readline())
                yield f"{ready['http']}/dicomweb", ready["tokens"]["west"]
            finally:
                process.terminate()
                process.wait(_STOP_WITHIN_S)


def found_of(base: str, wado_uri: str, token: str = "") -> Sequence[Finding]:
    """Run every check on one server."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(headers=headers) as http:
        return findings(prepare(Server(base, wado_uri, http)))


def page(by_server: Mapping[str, Sequence[Finding]]) -> str:
    """Write the page."""
    return _HEAD + as_markdown(by_server)


def verdicts_of(text: str, column: int) -> dict[str, str]:
    """Read the verdicts of one server off the page, by check; servers count from 0."""
    found = {}
    for row in re.findall(r"^\| ([a-z-]+\.\S+) \|(.+)\|$", text, re.MULTILINE):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row[1])]
        found[row[0]] = cells[2 + column].strip("*")
    return found


def main() -> None:
    """Run both servers and write the page."""
    with node() as (base, token):
        ours = found_of(base, f"{base}/wado", token)
    with tempfile.TemporaryDirectory() as folder, orthanc(Path(folder)) as peer:
        theirs = found_of(peer.dicomweb, peer.wado_uri)
    PAGE.write_text(page({OURS: ours, peer.version: theirs}))


if __name__ == "__main__":
    main()
