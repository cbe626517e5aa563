"""The diagnostic viewer in its frame on a real node: it draws, measures, and stores measurements.

What is measured is compared with the geometry that the phantom was made with.
"""

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Frame, Page, Response, expect

from archipel.kernel.clock import utc_now
from archipel.testing.phantoms.exams import plans

pytestmark = pytest.mark.browser

READER, STRANGER = "j.letchimy", "c.ailleurs"
RUN = "viewer"
BRIGHT = 90  # of 255: skin and bone, beyond the dark of the frame and its borders
DRAG_PX = ((-60, -20), (60, 20))
FIELD_MM = 380.0  # the image of the phantom; it fills the shorter side of the canvas
PATIENCE_S = 30
TOLERANCE_MM = 1.0  # two pixels of the screen

ARE_BRIGHT = """bright => {
    const canvas = document.querySelector('canvas.cornerstone-canvas');
    const {width, height} = canvas;
    const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data;
    let count = 0;
    for (let at = 0; at < pixels.length; at += 4) count += pixels[at] > bright;
    return count > 0.02 * width * height;
}"""
# Functions, never expressions: those the page itself would evaluate, which its policy forbids.
LENGTH_IS_ACTIVE = "() => services.toolGroupService.getActivePrimaryMouseButtonTool() === 'Length'"
# one measurement, with the same value as 300 ms ago: the viewer computes with its next picture
SETTLED = """() => {
    const all = services.measurementService.getMeasurements();
    const text = all.length === 1 && all[0].displayText.primary.join();
    const settled = Boolean(text) && window.textBefore === text;
    window.textBefore = text;
    return settled;
}"""
# as OHIF's own dialog does it
STORE = """async () => {
    await commandsManager.runCommand('storeMeasurements', {
        measurementData: services.measurementService.getMeasurements(),
        dataSource: 'archipel',
        additionalFindingTypes: ['ArrowAnnotate'],
        options: {SeriesDescription: 'Mesures'},
    }, 'CORNERSTONE_STRUCTURED_REPORT');
}"""


VIEWS = """[...services.viewportGridService.getState().viewports.keys()]
    .map(id => services.cornerstoneViewportService.getCornerstoneViewport(id))"""
PLANES = f"{VIEWS}.filter(view => view?.type === 'orthographic').length"
INDEX = f"{VIEWS}[0].getCurrentImageIdIndex()"
WIDTH = f"(({{lower, upper}}) => upper - lower + 1)({VIEWS}[0].getProperties().voiRange)"
STUDIES = """[...services.viewportGridService.getState().viewports.values()].map(view =>
    services.displaySetService.getDisplaySetByUID(view.displaySetInstanceUIDs[0]).StudyInstanceUID)"""
MEASURED = "services.measurementService.getMeasurements().length"


@dataclass(frozen=True, slots=True)
class Opened:
    """An exam on the screen: its page, the viewer's frame, and what went wrong in either."""

    page: Page
    frame: Frame
    url: str
    study: str
    troubles: list[str]


@pytest.fixture(scope="module")
def study(node: Any) -> str:
    """Send a scanner exam of these tests' own; returns its Study Instance UID."""
    node.receive("calcium", run=RUN)
    (plan,) = (plan for plan in plans(utc_now(), run=RUN) if plan.name == "calcium")
    return str(plan.exam.study)


@pytest.fixture
def opened(visit: Callable[..., Any], node: Any, study: str) -> Opened:
    """Open the exam as its reader and wait until the viewer has drawn an image."""
    return opening(visit(), node, study)


def opening(window: Any, node: Any, study: str) -> Opened:
    """Open an exam as its reader and wait until the viewer has drawn an image."""
    page = window.page
    page.add_init_script("window.heard = []; addEventListener('message', e => heard.push(e.data))")
    window.sign_in(READER)
    troubles = listen(page)
    window.go(f"/reading/chu-fdf~{study}")
    page.frame_locator("iframe").locator("canvas").first.wait_for()
    (frame,) = [each for each in page.frames if "/viewer/" in each.url]
    until(frame, ARE_BRIGHT, arg=BRIGHT)
    return Opened(page, frame, node.url, study, troubles)


def until(where: Page | Frame, expression: str, *, arg: object = None) -> None:
    """Wait until an expression holds. Asked from outside: in the page our policy forbids eval."""
    ends = time.monotonic() + PATIENCE_S
    while not where.evaluate(expression, arg):
        assert time.monotonic() < ends, f"never true: {expression}"
        time.sleep(0.2)


def listen(page: Page) -> list[str]:
    """Keep what the browser complains of: refused requests and errors of scripts."""
    troubles: list[str] = []

    def answered(response: Response) -> None:
        if response.status >= 400:
            troubles.append(f"{response.status} {response.request.method} {response.url}")

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            troubles.append(f"console: {message.text}")

    page.on("response", answered)
    page.on("console", said)
    return troubles


def measure(opened: Opened) -> float:
    """Draw a length on the image by key and mouse; returns what it must be, in mm."""
    page, frame = opened.page, opened.frame
    box = page.frame_locator("iframe").locator("canvas").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.locator("iframe").focus()
    page.keyboard.press("d")
    until(frame, LENGTH_IS_ACTIVE)
    (from_x, from_y), (to_x, to_y) = DRAG_PX
    page.mouse.move(x + from_x, y + from_y)
    page.mouse.down()
    page.mouse.move(x, y, steps=6)
    page.mouse.move(x + to_x, y + to_y, steps=6)
    page.mouse.up()
    until(frame, SETTLED)
    length_px = ((to_x - from_x) ** 2 + (to_y - from_y) ** 2) ** 0.5
    return float(length_px * FIELD_MM / min(box["width"], box["height"]))


def press(opened: Opened, key: str) -> None:
    """Press a key where the images have the keyboard."""
    opened.page.locator("iframe").focus()
    opened.page.keyboard.press(key)


def reports(opened: Opened) -> list[str]:
    """Return the Series Instance UIDs of the structured reports of the study."""
    address = f"{opened.url}/dicomweb/studies/{opened.study}/series"
    found = opened.page.request.get(address, params={"Modality": "SR"})
    rows = found.json() if found.status == 200 else []
    return [row["0020000E"]["Value"][0] for row in rows]


def test_the_middle_image_is_drawn_without_a_refused_request_or_an_error(opened: Opened) -> None:
    until(opened.frame, "document.body.innerText.includes('(11/20)')")
    if folder := os.environ.get("ARCHIPEL_PICTURES"):
        opened.page.screenshot(path=Path(folder) / "viewer-1600.png")

    assert opened.troubles == []


def test_a_click_gives_the_images_the_keyboard_whose_keys_set_windows_and_planes(
    opened: Opened,
) -> None:
    opened.page.locator("iframe").click()
    opened.page.keyboard.press("d")

    until(opened.frame, LENGTH_IS_ACTIVE)

    for key, width in (("1", 1500), ("2", 400), ("3", 2500)):
        press(opened, key)

        until(opened.frame, f"Math.abs({WIDTH} - {width}) <= 1")

    press(opened, "m")
    until(opened.frame, f"{PLANES} === 3")

    press(opened, "k")
    expect(opened.page.get_by_text("Cette vue est recalculée")).to_be_visible()

    press(opened, "m")
    until(opened.frame, f"{PLANES} === 0")
    assert opened.troubles == []


def test_a_length_enters_the_report_leads_back_and_turns_red_when_removed(opened: Opened) -> None:
    expected_mm = measure(opened)
    opened.page.keyboard.press("Shift+D")

    told_one = "heard.some(message => message.type === 'archipel:measurement')"
    until(opened.page, told_one)
    of_type = "heard.filter(message => message.type === 'archipel:measurement')"
    (told,) = opened.page.evaluate(of_type)
    assert told["measurement"]["study"] == opened.study
    assert told["measurement"]["tool"] == "Length"
    value, unit = told["measurement"]["text"].split()
    assert float(value) == pytest.approx(expected_mm, abs=TOLERANCE_MM)
    assert unit == "mm"
    chip = opened.page.locator('[data-section="findings"] [data-measurement]').last
    expect(chip).to_have_text(re.compile(rf"^{value.replace('.', ',')}\s{unit}$"))

    press(opened, "End")
    until(opened.frame, f"{INDEX} === 19")

    chip.click()

    until(opened.frame, f"{INDEX} === 10")

    press(opened, "Backspace")

    expect(chip).to_have_class(re.compile(r"\bgone\b"))
    assert opened.troubles == []


def test_a_key_image_is_kept_with_the_draft_and_shown_again_as_it_was(opened: Opened) -> None:
    strip = opened.page.get_by_role("region", name="Images clés")
    marked = strip.get_by_role("button", name=re.compile("l.ouvrir"))
    press(opened, "2")
    until(opened.frame, f"Math.abs({WIDTH} - 400) <= 1")
    press(opened, "k")
    expect(marked).to_have_count(1)
    expect(opened.page.get_by_text("Enregistré à")).to_be_visible()

    report = f"{opened.url}/api/exams/chu-fdf~{opened.study}/report"
    (kept,) = opened.page.request.get(report).json()["key_images"]
    assert (kept["study_instance_uid"], kept["frame"]) == (opened.study, 1)
    assert kept["window"] == {"center": 40.0, "width": 400.0}
    loaded = "image => image.complete && image.naturalWidth > 0"
    until(opened.page, f"({loaded})(document.querySelector('figure.thumb img'))")

    press(opened, "1")
    press(opened, "End")
    until(opened.frame, f"{INDEX} === 19")
    marked.click()
    until(opened.frame, f"{INDEX} === 10 && Math.abs({WIDTH} - 400) <= 1")

    strip.get_by_role("button", name="Retirer").click()
    expect(marked).to_have_count(0)
    assert opened.troubles == []


def test_a_prior_comes_beside_the_exam_and_no_measurement_is_lost(
    visit: Callable[..., Any], node: Any
) -> None:
    exams = {plan.name: str(plan.exam.study) for plan in plans(utc_now(), run="journey")}
    opened = opening(visit(), node, exams["thorax"])
    measure(opened)

    press(opened, "v")

    beside = [exams["thorax"], exams["thorax-prior"]]
    until(opened.frame, f"{STUDIES}.join() === '{','.join(beside)}'")
    assert opened.frame.evaluate(MEASURED) == 1
    said = (
        "getComputedStyle(document.querySelector('[data-viewportid=archipel-prior]'), '::after')"
    )
    assert "antérieur" in opened.frame.evaluate(f"{said}.content")
    if folder := os.environ.get("ARCHIPEL_PICTURES"):
        opened.page.wait_for_timeout(1500)
        opened.page.screenshot(path=Path(folder) / "compare-1600.png")

    press(opened, "v")
    until(opened.frame, f"{STUDIES}.join() === '{exams['thorax']}'")

    timeline = opened.page.get_by_role("region", name="Antérieurs")
    timeline.get_by_role("button", name=re.compile("CT|Scanner")).first.click()
    until(opened.frame, f"{STUDIES}.join() === '{','.join(beside)}'")
    assert opened.frame.evaluate(MEASURED) == 1
    assert opened.troubles == []


def test_measurements_are_stored_as_a_structured_report_of_the_study(opened: Opened) -> None:
    expected_mm = measure(opened)
    assert reports(opened) == []

    def is_store(response: Response) -> bool:
        return response.request.method == "POST" and "/dicomweb/" in response.url

    with opened.page.expect_response(is_store) as stored:
        opened.frame.evaluate(STORE)

    assert stored.value.status == 200
    end = time.monotonic() + 20
    while not (found := reports(opened)) and time.monotonic() < end:
        opened.page.wait_for_timeout(200)
    (series,) = found
    address = f"{opened.url}/dicomweb/studies/{opened.study}/series/{series}/metadata"
    (document,) = opened.page.request.get(address).json()
    template = document["0040A504"]["Value"][0]["0040DB00"]["Value"]
    assert template == ["1500"]  # Measurement Report, PS3.16 TID 1500
    numeric = r'"0040A30A": \{[^}]*"Value": \["?([\d.]+)'  # Numeric Value
    values = [float(text) for text in re.findall(numeric, json.dumps(document))]
    assert any(v == pytest.approx(expected_mm, abs=TOLERANCE_MM) for v in values), values
    assert opened.troubles == []


def test_the_viewer_shows_nothing_to_another_organisation(
    visit: Callable[..., Any], node: Any, study: str
) -> None:
    window = visit()
    window.sign_in(STRANGER)

    exam = window.page.request.get(f"{node.url}/api/exams/chu-fdf~{study}")
    series = window.page.request.get(f"{node.url}/dicomweb/studies/{study}/series")
    metadata = window.page.request.get(f"{node.url}/dicomweb/studies/{study}/metadata")

    assert exam.status == 404
    assert series.status == 204 or series.json() == []
    assert metadata.status == 404
