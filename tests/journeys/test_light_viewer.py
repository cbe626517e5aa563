"""The light viewer on a real node: what it draws is compared with the object that was scanned.

The same node is first started so that nothing is sealed, then so that all is.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID
from pynetdicom import AE

from archipel.kernel.clock import utc_now
from archipel.testing.phantoms import datasets, ruler
from archipel.testing.phantoms.datasets import Exam, Series
from archipel.testing.phantoms.exams import plans
from archipel.testing.phantoms.people import HIBISCUS

pytestmark = pytest.mark.browser

READER = "j.letchimy"
SLICES = 40
FINE, FINE_SLICES = 512, 60
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
BRIGHT = """() => {
    const canvas = document.querySelector('[role=application] canvas');
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let bright = 0;
    for (let i = 0; i < data.length; i += 4) bright += data[i] > 60;
    return bright;
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
    peer.dimse_timeout = 120  # a busy machine is no lost image
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
    """Start the node again so that it seals what is quiet, and send it another scan."""
    node.node.stop()
    node.node.settings = {QUIET: SOON}
    node.node.start()
    store(node, list(ruler.scan(exam("sealed"), FINE_SLICES, pixels=FINE)))
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


def marks(page: Page) -> dict[str, float]:
    """Return what the viewer noted in the browser's own timeline, ms."""
    return dict(page.evaluate(MARKS))


def wait_marked(page: Page, name: str) -> None:
    page.wait_for_function(
        "name => performance.getEntriesByName('archipel:light:' + name).length > 0", arg=name
    )


def is_sealed(page: Page, url: str, key: str) -> bool:
    study = exam(key).study
    series = datasets.uid(exam(key).key, 2)
    answer = page.request.get(f"{url}/dicomweb/studies/{study}/series/{series}/lowres")
    return answer.status == 200


def wait_sealed(window: Any, url: str, key: str) -> None:
    window.sign_in(READER)
    end = time.monotonic() + 60
    while not is_sealed(window.page, url, key):
        assert time.monotonic() < end, f"{key} is not sealed"
        window.page.wait_for_timeout(500)


def throttle(page: Page) -> None:
    """Make the line one of 20 Mbit/s and 120 ms, with nothing kept from before."""
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    line.send("Network.emulateNetworkConditions", {"offline": False, **SLOW})


def rod_ends(page: Page) -> tuple[float, float, float]:
    row = (ruler.ROD[0] + ruler.ROD[1]) / 2
    left, right, y = page.evaluate(ENDS, [ruler.PIXELS, row])
    return float(left), float(right), float(y)


def measure_rod(page: Page) -> float:
    """Draw a length from one end of the rod to the other, as seen; returns the value told."""
    page.get_by_role("button", name="Mesurer une longueur").click()
    left, right, y = rod_ends(page)
    page.mouse.move(left, y)
    page.mouse.down()
    page.mouse.move((left + right) / 2, y, steps=4)
    page.mouse.move(right, y, steps=4)
    page.mouse.up()
    told = page.locator("output")
    told.wait_for(state="attached")
    value, unit = told.inner_text().replace("\u202f", " ").split()[:2]
    assert unit == "mm"
    return float(value.replace(",", "."))


def test_wheel_keys_and_slider_move_through_the_stack_and_each_image_is_the_one_told(
    opened: Callable[..., Any],
) -> None:
    page = opened("ct").page
    see(page)
    stage = page.locator(VIEWER)
    stage.hover()
    moves: list[tuple[Callable[[], Any], int]] = [
        (lambda: page.mouse.wheel(0, 100), SLICES // 2 + 1),
        (lambda: page.keyboard.press("ArrowUp"), SLICES // 2),
        (lambda: page.keyboard.press("PageDown"), SLICES // 2 + 10),
        (lambda: page.keyboard.press("Home"), 0),
        (lambda: page.keyboard.press("End"), SLICES - 1),
        (lambda: page.get_by_role("slider").fill("7"), 7),
    ]

    for move, index in moves:
        stage.focus()
        move()
        page.locator(f'{VIEWER}[data-index="{index}"][data-quality="full"]').wait_for()
        expected = ruler.grey_of(ruler.disc_hu(index))
        page.wait_for_timeout(150)
        assert grey(page) == pytest.approx(expected, abs=GREY_TOLERANCE), index


def test_windows_inversion_and_reset_change_the_grey_as_the_standard_says(
    opened: Callable[..., Any],
) -> None:
    page = opened("ct").page
    see(page)
    hounsfield = ruler.disc_hu(SLICES // 2)

    page.get_by_label("Fenêtre", exact=True).select_option(label="Poumon (-600 / 1500)")
    page.wait_for_timeout(300)
    assert grey(page) == pytest.approx(ruler.grey_of(hounsfield, (-600, 1500)), abs=1.5)

    page.locator(VIEWER).focus()
    page.keyboard.press("i")
    page.wait_for_timeout(300)
    assert grey(page) == pytest.approx(255 - ruler.grey_of(hounsfield, (-600, 1500)), abs=1.5)

    page.get_by_role("button", name="Vue initiale").click()
    page.wait_for_timeout(300)
    assert grey(page) == pytest.approx(ruler.grey_of(hounsfield), abs=GREY_TOLERANCE)


def test_a_length_is_that_of_the_object(opened: Callable[..., Any]) -> None:
    page = opened("ct").page
    see(page)

    assert measure_rod(page) == pytest.approx(ruler.ROD_MM, abs=LENGTH_TOLERANCE_MM)


def compressions() -> dict[str, tuple[str, Callable[[Any], bytes]]]:
    return {
        "jpeg-ls": ("1.2.840.10008.1.2.4.80", imagecodecs.jpegls_encode),
        "jpeg-2000": (
            "1.2.840.10008.1.2.4.90",
            lambda a: imagecodecs.jpeg2k_encode(a, codecformat="j2k", reversible=True, level=0),
        ),
        "jpeg-lossless": ("1.2.840.10008.1.2.4.70", imagecodecs.ljpeg_encode),
    }


@pytest.mark.parametrize("name", ["jpeg-ls", "jpeg-2000", "jpeg-lossless"])
def test_frames_in_other_encodings_are_drawn_in_their_own_greys(
    opened: Callable[..., Any], node: Any, name: str
) -> None:
    syntax, encode = compressions()[name]
    (d,) = ruler.scan(exam(name), 1)
    values = np.frombuffer(d.PixelData, np.int16) + 1024
    d.PixelRepresentation, d.RescaleIntercept = 0, "-1024"
    pixels = np.ascontiguousarray(values.astype(np.uint16).reshape(d.Rows, d.Columns))
    d.BitsStored, d.HighBit = 12, 11
    store(node, [encoded(d, syntax, [encode(pixels)])], syntax)

    page = opened(name).page
    see(page)

    assert grey(page) == pytest.approx(ruler.grey_of(ruler.disc_hu(0)), abs=GREY_TOLERANCE)


def colour_cine(key: str, photometric: str) -> Dataset:
    """Eight frames of one colour each: red grows, green falls, blue stays."""
    frames = [np.full((120, 160, 3), (20 + 30 * n, 230 - 30 * n, 90), np.uint8) for n in range(8)]
    series = Series(
        number=2, description="Ciné", modality="US", body_part="ABDOMEN", station="US1"
    )
    gray = np.zeros((8, 120, 160), np.uint8)
    (d,) = datasets.ultrasound(exam(key), series, gray, 0.5)
    d.SamplesPerPixel, d.PlanarConfiguration = 3, 0
    d.PhotometricInterpretation = photometric
    if photometric == "RGB":
        d.PixelData = np.stack(frames).tobytes()
        return d
    jpegs = [imagecodecs.jpeg8_encode(f, level=98, subsampling="422") for f in frames]
    d.LossyImageCompression = "01"
    return encoded(d, "1.2.840.10008.1.2.4.50", jpegs)


@pytest.mark.parametrize(
    ("key", "photometric", "syntax"),
    [
        ("us-rgb", "RGB", datasets.EXPLICIT_LITTLE),
        ("us-jpeg", "YBR_FULL_422", "1.2.840.10008.1.2.4.50"),
    ],
)
def test_a_colour_cine_plays_in_its_own_colours(
    opened: Callable[..., Any], node: Any, key: str, photometric: str, syntax: str
) -> None:
    store(node, [colour_cine(key, photometric)], syntax)
    page = opened(key).page
    see(page)

    middle = [float(v) for v in page.evaluate(MEAN, [120, 40, 80, 40, 80])]
    assert middle == pytest.approx([140, 110, 90], abs=4)

    page.get_by_role("button", name="Lire en boucle").click()
    seen = set()
    end = time.monotonic() + 20
    while len(seen) < 8 and time.monotonic() < end:
        seen.add(page.locator(VIEWER).get_attribute("data-index"))
        page.wait_for_timeout(20)
    assert len(seen) == 8
    page.get_by_role("button", name="Arrêter la lecture").click()


# the mean grey of the middle frame of a series: as the canvas shows it, as the node draws it
BOTH = """async ([root, middle]) => {
    const fields = "includefield=00200013&includefield=00280008";
    const rows = await (await fetch(`${root}/instances?${fields}`,
        {headers: {accept: 'application/dicom+json'}})).json();
    const first = (row, tag) => row[tag]?.Value?.[0];
    rows.sort((a, b) => first(a, '00200013') - first(b, '00200013'));
    const frames = rows.flatMap(row => Array.from({length: first(row, '00280008') ?? 1},
        (_, at) => `${first(row, '00080018')}/frames/${at + 1}`));
    const picture = new Image();
    picture.src = `${root}/instances/${frames[middle]}/rendered`;
    await picture.decode();
    const {naturalWidth: w, naturalHeight: h} = picture;
    const canvas = document.querySelector('[role=application] canvas');
    const scale = Math.min(canvas.width / w, canvas.height / h);
    const mean = (draw) => {
        const small = new OffscreenCanvas(64, 64).getContext('2d');
        draw(small);
        const {data} = small.getImageData(0, 0, 64, 64);
        let sum = 0;
        for (let i = 0; i < data.length; i += 4) sum += data[i];
        return sum / 4096;
    };
    const [width, height] = [w * scale, h * scale];
    const [x, y] = [(canvas.width - width) / 2, (canvas.height - height) / 2];
    return [mean(to => to.drawImage(canvas, x, y, width, height, 0, 0, 64, 64)),
            mean(to => to.drawImage(picture, 0, 0, 64, 64)), frames.length];
}"""


@pytest.mark.parametrize("name", ["brain", "radiograph", "ultrasound", "pet-ct"])
def test_other_modalities_look_as_the_node_draws_them(
    visit: Callable[..., Any], node: Any, name: str
) -> None:
    node.receive(name, run="light")
    (plan,) = (each for each in plans(utc_now(), run="light") if each.name == name)
    study = plan.exam.study
    window = visit()
    page = window.page
    window.sign_in(READER)
    window.go(f"/patients/-/exams/chu-fdf~{study}")
    see(page)
    address = f"{node.url}/dicomweb/studies/{study}/series"
    asked = page.request.get(address, headers={"accept": "application/dicom+json"})
    series = {
        row["0008103E"]["Value"][0]: row["0020000E"]["Value"][0]
        for row in asked.json()
        if row["00080060"]["Value"][0] != "SR"
    }
    for description, uid in series.items():
        if len(series) > 1:
            page.get_by_role("button", name=description).click()
        see(page)
        page.wait_for_timeout(300)
        middle = int(page.locator(VIEWER).get_attribute("data-index") or -1)
        ours, theirs, frames = page.evaluate(
            BOTH, [f"/dicomweb/studies/{study}/series/{uid}", middle]
        )

        assert middle == frames // 2
        assert theirs > 4
        assert ours == pytest.approx(theirs, abs=4), description


KEEP_CONTEXTS = """window.contexts = [];
const original = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    const found = original.call(this, kind, ...rest);
    if (kind.startsWith('webgl') && found) contexts.push(found);
    return found;
};"""
LOSE = "contexts.forEach(each => each.getExtension('WEBGL_lose_context')?.loseContext())"


def simplified(page: Page) -> None:
    """Wait for pictures drawn by the node, and for words that say so."""
    expect(page.get_by_text("Affichage simplifié.")).to_be_visible()
    drawn = "() => document.querySelector('[data-simplified] img')?.naturalWidth > 0"
    page.wait_for_function(drawn)


def test_a_lost_graphics_context_is_said_and_the_node_draws(
    visit: Callable[..., Any],
) -> None:
    window = visit()
    page = window.page
    page.add_init_script(KEEP_CONTEXTS)
    window.sign_in(READER)
    window.go(f"/patients/-/exams/chu-fdf~{exam('ct').study}")
    see(page)

    page.evaluate(LOSE)

    simplified(page)
    assert window.violations() == []
    page.get_by_role("button", name="Réessayer").click()
    see(page)
    assert grey(page) == pytest.approx(
        ruler.grey_of(ruler.disc_hu(SLICES // 2)), abs=GREY_TOLERANCE
    )


def test_a_decoder_that_does_not_start_is_said_and_the_node_draws(
    visit: Callable[..., Any],
) -> None:
    window = visit()
    window.page.route("**/decoder.worker-*.js", lambda route: route.abort())
    window.sign_in(READER)
    window.go(f"/patients/-/exams/chu-fdf~{exam('ct').study}")

    simplified(window.page)


def test_a_sealed_scan_is_drawn_coarse_first_then_in_full(
    visit: Callable[..., Any], sealed: Any
) -> None:
    window = visit()
    page = window.page
    wait_sealed(window, sealed.url, "sealed")
    throttle(page)
    window.go(f"/patients/-/exams/chu-fdf~{exam('sealed').study}")
    see(page)
    middle = ruler.grey_of(ruler.disc_hu(FINE_SLICES // 2))
    assert grey(page) == pytest.approx(middle, abs=GREY_TOLERANCE)
    wait_marked(page, "coarse-volume")

    # far from what has come in full: only its low resolution is there
    page.locator(VIEWER).focus()
    page.keyboard.press("End")
    last = ruler.grey_of(ruler.disc_hu(FINE_SLICES - 1))
    see(page, "coarse")
    expect(page.get_by_text("Aperçu grossier")).to_be_visible()
    assert grey(page) == pytest.approx(last, abs=COARSE_TOLERANCE)
    see(page)
    page.wait_for_timeout(100)
    assert grey(page) == pytest.approx(last, abs=GREY_TOLERANCE)

    wait_marked(page, "full-volume")
    noted = marks(page)
    assert noted["coarse-volume"] < noted["full-volume"]
    assert measure_rod(page) == pytest.approx(ruler.ROD_MM, abs=LENGTH_TOLERANCE_MM)


def test_the_exam_page_with_its_images_is_accessible(
    visit: Callable[..., Any], sealed: Any
) -> None:
    sealed.receive("thorax", "thorax-prior", run="light")
    (plan,) = (each for each in plans(utc_now(), run="light") if each.name == "thorax")
    name = f"chu-fdf~{plan.exam.study}"
    for width, height, address, picture in (
        (1600, 1000, f"/patients/-/exams/{name}", "exam-1600"),
        (390, 844, f"/reading/{name}", "light-390"),
    ):
        window = visit(width, height)
        window.sign_in(READER)
        window.go(address)
        see(window.page)
        window.page.wait_for_timeout(800)
        if folder := os.environ.get("ARCHIPEL_PICTURES"):
            window.page.screenshot(path=Path(folder) / f"{picture}.png")

        assert window.violations() == []
        assert window.overflow() == 0


def touch(page: Page, *paths: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """Move one finger a path, all at once."""
    line = page.context.new_cdp_session(page)
    steps = 12

    def points(part: float) -> list[dict[str, float]]:
        return [
            {"x": a[0] + (b[0] - a[0]) * part, "y": a[1] + (b[1] - a[1]) * part, "id": n}
            for n, (a, b) in enumerate(paths)
        ]

    line.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points(0)})
    for step in range(1, steps + 1):
        moved = {"type": "touchMove", "touchPoints": points(step / steps)}
        line.send("Input.dispatchTouchEvent", moved)
        page.wait_for_timeout(30)
    line.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_on_a_phone_a_finger_scrolls_and_two_zoom(visit: Callable[..., Any], sealed: Any) -> None:
    window = visit(390, 844, touch=True)
    page = window.page
    wait_sealed(window, sealed.url, "sealed")
    window.go(f"/reading/chu-fdf~{exam('sealed').study}")
    see(page)
    box = page.locator(VIEWER).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.wait_for_timeout(600)
    assert window.violations() == []
    assert window.overflow() == 0

    touch(page, ((x, y - 60), (x, y + 60)))

    expect(page.locator(VIEWER)).not_to_have_attribute("data-index", str(FINE_SLICES // 2))
    before = page.locator(VIEWER).get_attribute("data-index")
    see(page)
    page.wait_for_timeout(200)
    area = page.evaluate(BRIGHT)
    touch(page, ((x - 20, y), (x - 60, y)), ((x + 20, y), (x + 60, y)))
    page.wait_for_timeout(400)

    assert page.locator(VIEWER).get_attribute("data-index") == before
    assert page.evaluate(BRIGHT) > 1.3 * area
