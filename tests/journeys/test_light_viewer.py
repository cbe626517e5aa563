"""The light viewer on a real node: what it draws is compared with the object that was scanned.

The same node is first started so that nothing is sealed, then so that all is.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID
from pynetdicom import AE

from archipel.kernel.clock import utc_now
from archipel.testing.phantoms import datasets, ruler
from archipel.testing.phantoms.datasets import Exam
from archipel.testing.phantoms.people import HIBISCUS

pytestmark = pytest.mark.browser

READER = "j.letchimy"
SLICES = 40
QUIET, NEVER, SOON = "ARCHIPEL_ARCHIVE__SERIES_QUIET_S", "3600", "1"
WAIT_MS = 60_000
GREY_TOLERANCE = 3.0  # of 255: the noise of a region, and one step of rounding
COARSE_TOLERANCE = 6.0
LENGTH_TOLERANCE_MM = 1.0
SLOW = {"latency": 120, "downloadThroughput": 20e6 / 8, "uploadThroughput": 20e6 / 8}
VIEWER = "[role=application]"

# the mean red, green and blue of the canvas where the image's rows and columns are drawn
MEAN = """([size, top, bottom, left, right]) => {
    const canvas = document.querySelector('[role=application] canvas');
    const {width, height} = canvas;
    const scale = Math.min(width, height) / size;
    const at = (value, whole) => Math.round(whole / 2 + (value - size / 2) * scale);
    const [x, y] = [at(left, width), at(top, height)];
    const area = [at(right, width) - x, at(bottom, height) - y];
    const {data} = canvas.getContext('2d').getImageData(x, y, ...area);
    const sums = [0, 0, 0];
    for (let i = 0; i < data.length; i += 4) for (const c of [0, 1, 2]) sums[c] += data[i + c];
    return sums.map(sum => sum * 4 / data.length);
}"""
# where the rod begins and ends on the screen, found in what is drawn
ENDS = """([size, row]) => {
    const canvas = document.querySelector('[role=application] canvas');
    const {width, height} = canvas;
    const y = Math.round(height / 2 + (row - size / 2) * Math.min(width, height) / size);
    const {data} = canvas.getContext('2d').getImageData(0, y, width, 1);
    const bright = [];
    for (let x = 0; x < width; x += 1) if (data[x * 4] > 127) bright.push(x);
    const box = canvas.getBoundingClientRect();
    const css = box.width / width;
    return [box.x + bright[0] * css, box.x + (bright.at(-1) + 1) * css, box.y + y * css];
}"""
MARKS = """() => Object.fromEntries(performance.getEntriesByType('mark')
    .filter(({name}) => name.startsWith('archipel:light:'))
    .map(({name, startTime}) => [name.slice(15), startTime]))"""


def exam(key: str) -> Exam:
    return Exam(
        key=f"light/{key}",
        patient=HIBISCUS,
        description=f"Mire {key}",
        started=datasets.whole_minutes(utc_now()),
        accession=f"LIGHT-{key}"[:16],
        institution="CHU de Fort-de-France (test)",
    )


def store(site: Any, instances: Sequence[Dataset], syntax: str = datasets.EXPLICIT_LITTLE) -> None:
    """Send instances as they are encoded."""
    peer = AE(ae_title="SIM_CT1")
    for sop_class in {d.SOPClassUID for d in instances}:
        peer.add_requested_context(sop_class, syntax)
    node = site.node
    link = peer.associate(node.dicom_host, node.dicom_port, ae_title="CHU_FDF")
    assert link.is_established
    for d in instances:
        d.file_meta = FileMetaDataset()
        d.file_meta.TransferSyntaxUID = UID(syntax)
        d.set_original_encoding(is_implicit_vr=False, is_little_endian=True)
        assert link.send_c_store(d).Status == 0
    link.release()


def encoded(d: Dataset, syntax: str, frames: Sequence[bytes]) -> Dataset:
    d["PixelData"].VR = "OB"
    d.PixelData = encapsulate(list(frames))
    d["PixelData"].is_undefined_length = True
    return d


@pytest.fixture(scope="module")
def node(
    tmp_path_factory: pytest.TempPathFactory, founded: Callable[[Path], Any]
) -> Iterator[Any]:
    """Run a node of these tests' own, which seals nothing yet."""
    site = founded(tmp_path_factory.mktemp("light"))
    site.node.settings = {QUIET: NEVER}
    with site.node:
        store(site, list(ruler.scan(exam("ct"), SLICES)))
        yield site


@pytest.fixture(scope="module")
def sealed(node: Any) -> Any:
    """Start the node again so that it seals what is quiet."""
    node.node.stop()
    node.node.settings = {QUIET: SOON}
    node.node.start()
    return node


@pytest.fixture
def opened(visit: Callable[..., Any]) -> Callable[..., Any]:
    """Open the page of an exam as its reader, its images drawn."""

    def at(key: str, width: int = 1600, height: int = 1000, *, touch: bool = False) -> Any:
        window = visit(width, height, touch=touch)
        window.sign_in(READER)
        window.go(f"/patients/-/exams/chu-fdf~{exam(key).study}")
        return window

    return at


def see(page: Page, quality: str = "full") -> None:
    page.locator(f'{VIEWER}[data-quality="{quality}"]').wait_for(timeout=WAIT_MS)


def grey(page: Page, size: int = ruler.PIXELS) -> float:
    row, column, radius = ruler.DISC
    inside = radius // 2
    box = [size, row - inside, row + inside, column - inside, column + inside]
    return float(page.evaluate(MEAN, box)[0])


def test_an_unsealed_scan_is_drawn_in_its_own_greys_from_its_middle(
    opened: Callable[..., Any],
) -> None:
    page = opened("ct").page

    see(page)

    assert page.locator(VIEWER).get_attribute("data-index") == str(SLICES // 2)
    expected = ruler.grey_of(ruler.disc_hu(SLICES // 2))
    assert grey(page) == pytest.approx(expected, abs=GREY_TOLERANCE)
