"""The light viewer over a narrow line: 200 CT images at 20 Mbit/s and 120 ms, in Chromium.

`python -m bench.light_viewer` starts a node of its own, sends it a scan, and opens the exam page
with an empty cache: before the series is sealed and after, then the same pictures drawn by the
node, six requests at a time as a browser makes them. Times are from the opening of the viewer,
its script included; software drawing, so a graphics card can only be faster.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from archipel.kernel.aetitle import AETitle
from archipel.kernel.clock import utc_now
from archipel.protocols.dimse.user import Peer
from archipel.testing.modality import send
from archipel.testing.phantoms import datasets, ruler
from archipel.testing.phantoms.datasets import Exam
from archipel.testing.phantoms.exams import Plan
from archipel.testing.phantoms.people import HIBISCUS
from archipel.testing.running_node import RunningNode

SLICES, PIXELS = 200, 512
LINE = {
    "offline": False,
    "latency": 120,
    "downloadThroughput": 20e6 / 8,
    "uploadThroughput": 20e6 / 8,
}
PASSWORD = "un-mot-de-passe-de-test"  # noqa: S105  (of a node that lives for minutes)
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
WAIT_MS = 180_000
QUIET = "ARCHIPEL_ARCHIVE__SERIES_QUIET_S"
# as a browser asks for pictures: six at a time, the one in the middle first
RENDERED = """async ([root, uids]) => {
    const start = performance.now();
    const middle = Math.floor(uids.length / 2);
    const rest = uids.filter((_, at) => at !== middle);
    const one = async uid => {
        const answer = await fetch(`${root}/instances/${uid}/rendered`);
        return (await answer.arrayBuffer()).byteLength;
    };
    let bytes = await one(uids[middle]);
    const first = performance.now() - start;
    const line = async () => { while (rest.length) bytes += await one(rest.pop()); };
    await Promise.all(Array.from({length: 6}, line));
    return {first_s: first / 1000, full_s: (performance.now() - start) / 1000, mb: bytes / 1e6};
}"""
MARKS = """() => {
    const at = name => performance.getEntriesByName('archipel:light:' + name)[0]?.startTime;
    const open = at('open');
    const after = name => at(name) === undefined ? null : (at(name) - open) / 1000;
    const taken = performance.getEntriesByType('resource')
        .filter(({name}) => name.includes('/dicomweb/'));
    return {first_s: after('first-image'), first_full_s: after('first-full'),
            coarse_s: after('coarse-volume'), full_s: after('full-volume'),
            mb: taken.reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0) / 1e6};
}"""


def _archipel(*words: str, given: str = "") -> None:
    command = [sys.executable, "-m", "archipel", *words]
    subprocess.run(command, input=given, text=True, check=True, timeout=60, stdout=subprocess.PIPE)


def _home(folder: Path) -> Path:
    home = folder / "home"
    at = ("--home", str(home))
    _archipel("init", *at, "--name", "Bench", "--community", "martinique")
    _archipel("organisation", "add", *at, "chu", "--name", "CHU", "--ae-title", "CHU")
    # Without an administrator the sign-in page asks for the token of `init`.
    for login, role in (("reader", "radiologist"), ("admin", "network-admin")):
        person = (login, "--organisation", "chu", "--role", role, "--name", "R. Test")
        _archipel("user", "add", *at, *person, "--password-stdin", given=PASSWORD)
    _archipel("ae", "add", *at, "SIM", "--organisation", "chu", "--may", "store")
    return home


def _exam(key: str) -> Exam:
    return Exam(
        key=f"bench/{key}",
        patient=HIBISCUS,
        description="Mire",
        started=datasets.whole_minutes(utc_now()),
        accession=key[:16],
        institution="CHU (test)",
    )


def _send(node: RunningNode, key: str) -> None:
    peer = Peer(
        host=node.dicom_host,
        port=node.dicom_port,
        called=AETitle.parse("CHU"),
        calling=AETitle.parse("SIM"),
    )
    plan = Plan(
        name=key,
        exam=_exam(key),
        truth={},
        make=lambda exam, _quick: ruler.scan(exam, SLICES, pixels=PIXELS),
    )
    for _ in send(plan, peer):
        pass


def _signed_in(chromium: Browser, url: str) -> Page:
    context = chromium.new_context(viewport={"width": 1600, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{url}/login")
    page.fill("input[name=login]", "reader")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/login" not in address)
    return page


def _narrow(page: Page) -> None:
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.clearBrowserCache")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    line.send("Network.emulateNetworkConditions", LINE)


def _root(key: str) -> str:
    exam = _exam(key)
    return f"/dicomweb/studies/{exam.study}/series/{datasets.uid(exam.key, 2)}"


def _opened(chromium: Browser, url: str, key: str) -> dict[str, Any]:
    page = _signed_in(chromium, url)
    # the timeline of resources holds 250 entries unless told otherwise
    page.add_init_script("performance.setResourceTimingBufferSize(2000)")
    _narrow(page)
    page.goto(f"{url}/patients/-/exams/chu~{_exam(key).study}")
    page.wait_for_function(
        "() => performance.getEntriesByName('archipel:light:full-volume').length > 0"
    )
    found = dict(page.evaluate(MARKS))
    page.context.close()
    return found


def _rendered(chromium: Browser, url: str, key: str) -> dict[str, Any]:
    page = _signed_in(chromium, url)
    _narrow(page)
    uids = [datasets.uid(_exam(key).key, 2, number) for number in range(1, SLICES + 1)]
    found = dict(page.evaluate(RENDERED, [_root(key), uids]))
    page.context.close()
    return found


def _wait_sealed(chromium: Browser, url: str, key: str) -> None:
    page = _signed_in(chromium, url)
    end = time.monotonic() + 180
    while page.request.get(f"{url}{_root(key)}/lowres").status != 200:
        if time.monotonic() > end:
            raise TimeoutError(key)
        time.sleep(1)
    page.context.close()


def measure(repetitions: int = 1) -> list[dict[str, Any]]:
    """Return a row for each way of looking and repetition."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = _home(Path(folder))
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(SWITCHES)
        )
        for way, quiet in (("unsealed", "3600"), ("sealed", "1")):
            with RunningNode(home, settings={QUIET: quiet}) as node:
                _send(node, way)
                if way == "sealed":
                    _wait_sealed(chromium, node.http, way)
                for _ in range(repetitions):
                    rows.append({"way": way, **_opened(chromium, node.http, way)})
                    drawn = _rendered(chromium, node.http, way)
                    rows.append({"way": f"rendered, {way}", **drawn})
        chromium.close()
    return rows


if __name__ == "__main__":
    for row in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        shown = {k: round(v, 2) if isinstance(v, float) else v for k, v in row.items()}
        print(json.dumps(shown))
