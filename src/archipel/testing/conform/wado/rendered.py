"""Rendered resources and how they are asked for (PS3.18 sections 8.3.5, 10.4.1.1.3)."""

import numpy as np

from archipel.testing.conform.model import Group, NotOffered, Trial, claim
from archipel.testing.conform.phantoms import (
    COLUMNS,
    ROWS,
    instance_path,
    series_path,
    shade,
    study_path,
)
from archipel.testing.conform.server import Answer, related
from archipel.testing.conform.wado.images import GIF, JPEG, PNG, grey, opened

group = Group("rendered", "WADO-RS: rendered")


def _slice(trial: Trial, accept: str = PNG, **pairs: str) -> Answer:
    path = f"{instance_path(trial.sent.slices[0])}/rendered"
    return trial.server.get(path, list(pairs.items()), accept=accept)


def _picture(answer: Answer) -> bytes:
    parts = answer.kind == "multipart/related"
    return answer.parts()[0].content if parts else answer.body


@group.must("10.4.1.1.3", "an instance is rendered as JPEG, of its own rows and columns")
def instance(trial: Trial) -> None:
    """Render a slice."""
    answer = _slice(trial, JPEG).wanted().of(JPEG)
    claim(opened(answer.body, JPEG).size == (COLUMNS, ROWS), "the picture has another size")


@group.must("10.4.4", "without a wish, a single frame is rendered as JPEG")
def default_form(trial: Trial) -> None:
    """Say nothing of media types."""
    _slice(trial, "*/*").wanted().of(JPEG)


@group.must("8.7.4", "PNG is offered")
def png(trial: Trial) -> None:
    """Ask for PNG."""
    opened(_slice(trial, PNG).wanted().of(PNG).body, PNG)


@group.must("8.7.4", "GIF is offered")
def gif(trial: Trial) -> None:
    """Ask for GIF."""
    opened(_slice(trial, GIF).wanted().of(GIF).body, GIF)


@group.must("10.4.1.1.3", "a frame is rendered")
def frame(trial: Trial) -> None:
    """Render the third frame of the cine and look at its grey."""
    path = f"{instance_path(trial.sent.cine)}/frames/3/rendered"
    answer = trial.server.get(path, accept=JPEG).wanted().of(JPEG)
    claim(opened(answer.body, JPEG).size == (COLUMNS, ROWS), "the picture has another size")


@group.must("10.4.1.1.3", "another frame is another picture")
def frames_differ(trial: Trial) -> None:
    """Render two frames under one window."""
    greys = []
    for number in (1, 5):
        path = f"{instance_path(trial.sent.cine)}/frames/{number}/rendered"
        window = {"window": "127.5,255,linear-exact"}
        answer = trial.server.get(path, window, accept=PNG).wanted()
        greys.append(float(grey(answer.body, PNG).mean()))
    claim(abs(greys[0] - shade(1)) < 3, f"frame 1 is {greys[0]:.0f}, not {shade(1)}")
    claim(abs(greys[1] - shade(5)) < 3, f"frame 5 is {greys[1]:.0f}, not {shade(5)}")


@group.must("10.4.1.1.3", "a series is rendered")
def series(trial: Trial) -> None:
    """Render the CT."""
    path = f"{series_path(trial.sent.slices[0])}/rendered"
    answer = trial.server.get(path, accept=f"{JPEG}, {related(JPEG)}; q=0.9").wanted()
    opened(_picture(answer), JPEG)


@group.must("10.4.1.1.3", "a study is rendered")
def study(trial: Trial) -> None:
    """Render the first study."""
    path = f"{study_path(trial.sent.cine)}/rendered"
    answer = trial.server.get(path, accept=f"{JPEG}, {related(JPEG)}; q=0.9").wanted()
    opened(_picture(answer), JPEG)


@group.must("10.4.1.1.3", "an instance of several frames is rendered")
def several_frames(trial: Trial) -> None:
    """Render the cine."""
    path = f"{instance_path(trial.sent.cine)}/rendered"
    answer = trial.server.get(path, accept=f"{related(JPEG)}, {GIF}, {JPEG}; q=0.5").wanted()
    claim(answer.body, "the body is empty")


@group.may("8.7.4", "several frames leave as one animated GIF")
def animated(trial: Trial) -> None:
    """Render the cine as GIF."""
    path = f"{instance_path(trial.sent.cine)}/rendered"
    window = {"window": "127.5,255,linear"}  # or frames of one grey would all look alike
    picture = opened(trial.server.get(path, window, accept=GIF).wanted().of(GIF).body, GIF)
    if getattr(picture, "n_frames", 1) == 1:
        raise NotOffered("one frame stands for all")
    claim(picture.n_frames == 5, "the picture has not 5 frames")  # type: ignore[attr-defined]


@group.must("8.3.5.1.3", "`viewport` bounds the picture and keeps its proportions")
def viewport(trial: Trial) -> None:
    """Ask for half the size, in a square."""
    size = opened(_slice(trial, viewport="32,32").wanted().body, PNG).size
    claim(size == (32, 24), f"the picture is {size[0]} x {size[1]}, not 32 x 24")


@group.must("8.3.5.1.3", "`viewport` enlarges")
def larger(trial: Trial) -> None:
    """Ask for twice the size."""
    size = opened(_slice(trial, viewport="128,96").wanted().body, PNG).size
    claim(size == (128, 96), f"the picture is {size[0]} x {size[1]}, not 128 x 96")


@group.must("8.3.5.1.3", "`viewport` takes a region of the image")
def region(trial: Trial) -> None:
    """Ask for the right half, which is brighter."""
    window = "0,700,linear"
    left = _slice(trial, viewport="32,48,0,0,32,48", window=window).wanted()
    right = _slice(trial, viewport="32,48,32,0,32,48", window=window).wanted()
    claim(
        grey(right.body, PNG).mean() > grey(left.body, PNG).mean() + 20,
        "the region is not minded",
    )


@group.must("8.3.5.1.3", "a viewport that is none is refused with 400")
def viewport_that_is_none(trial: Trial) -> None:
    """Ask for a viewport of letters."""
    _slice(trial, viewport="a,b").wanted(400)


@group.must("8.3.5.1.4", "`window` is minded: all is black above it, white below it")
def window(trial: Trial) -> None:
    """Ask for windows beyond all values."""
    black = grey(_slice(trial, window="5000,100,linear").wanted().body, PNG)
    white = grey(_slice(trial, window="-5000,100,linear").wanted().body, PNG)
    claim(black.max() < 5, "values below the window are not black")
    claim(white.min() > 250, "values above the window are not white")


@group.must("8.3.5.1.4", "a linear window maps as PS3.3 C.11.2.1.2 says")
def linear(trial: Trial) -> None:
    """Ask for a window over the ramp and compare with what it should be."""
    found = grey(_slice(trial, window="0,600,linear").wanted().body, PNG).astype(float)
    values = np.arange(COLUMNS) * 10 + ROWS // 2 + 7 - 300
    expected = np.clip(((values + 0.5) / 599 + 0.5) * 255, 0, 255)
    worst = float(np.abs(found[ROWS // 2] - expected).max())
    claim(worst <= 2, f"the grey is off by {worst:.0f} of 255")


@group.must("8.3.5.1.4", "the window function `linear-exact` is known")
def linear_exact(trial: Trial) -> None:
    """Ask for it."""
    opened(_slice(trial, window="0,600,linear-exact").wanted().body, PNG)


@group.must("8.3.5.1.4", "the window function `sigmoid` is known")
def sigmoid(trial: Trial) -> None:
    """Ask for it, and see that it is no line."""
    line = grey(_slice(trial, window="0,200,linear").wanted().body, PNG)
    curve = grey(_slice(trial, window="0,200,sigmoid").wanted().body, PNG)
    claim(not np.array_equal(line, curve), "the picture is that of a linear window")


@group.must("8.3.5.1.4", "without a wish, the window of the data set is used")
def own_window(trial: Trial) -> None:
    """Compare with the window that the slice names."""
    own = grey(_slice(trial).wanted().body, PNG).astype(float)
    said = grey(_slice(trial, window="40,400,linear").wanted().body, PNG).astype(float)
    claim(float(np.abs(own - said).max()) <= 2, "another window was used")


@group.must("8.3.5.1.4", "a window that is none is refused with 400")
def window_that_is_none(trial: Trial) -> None:
    """Ask for a window of one number."""
    _slice(trial, window="40").wanted(400)


@group.must("8.3.5.1.4", "an unknown window function is refused with 400")
def unknown_function(trial: Trial) -> None:
    """Ask for a cubic window."""
    _slice(trial, window="40,400,cubic").wanted(400)


@group.must("8.3.5.1.2", "`quality` is minded: a better JPEG is larger")
def quality(trial: Trial) -> None:
    """Ask for the worst and the best."""
    worst = _slice(trial, JPEG, quality="1").wanted().of(JPEG)
    best = _slice(trial, JPEG, quality="100").wanted().of(JPEG)
    claim(len(worst.body) < len(best.body), "both are of one size")


@group.must("8.3.5.1.2", "a quality beyond 100 is refused with 400")
def quality_that_is_none(trial: Trial) -> None:
    """Ask for more than all."""
    _slice(trial, JPEG, quality="101").wanted(400)


@group.may("8.3.5.1.1", "`annotation=patient` burns in who it is")
def annotation(trial: Trial) -> None:
    """Ask for the patient's annotation."""
    bare = grey(_slice(trial, viewport="512,384").wanted().body, PNG)
    answer = _slice(trial, viewport="512,384", annotation="patient").wanted()
    if np.array_equal(bare, grey(answer.body, PNG)):
        raise NotOffered("the picture has no annotation")


@group.may("8.3.5.1.1", "`annotation=technique` burns in how it was made")
def technique(trial: Trial) -> None:
    """Ask for the annotation of the technique."""
    bare = grey(_slice(trial, viewport="512,384").wanted().body, PNG)
    answer = _slice(trial, viewport="512,384", annotation="technique").wanted()
    if np.array_equal(bare, grey(answer.body, PNG)):
        raise NotOffered("the picture has no annotation")


@group.must("8.3.5.1.1", "an unknown annotation is refused or passed over, never an error")
def unknown_annotation(trial: Trial) -> None:
    """Ask for an annotation that nobody knows."""
    _slice(trial, annotation="weather").wanted(200, 400)


@group.may("8.3.5.1.5", "`iccprofile=no` is known")
def icc_profile(trial: Trial) -> None:
    """Ask for a picture without a profile."""
    opened(_slice(trial, iccprofile="no").wanted().body, PNG)


@group.must("8.7.4", "a colour picture keeps its colours")
def colour(trial: Trial) -> None:
    """Render the picture stored in RLE."""
    path = f"{instance_path(trial.sent.colour)}/rendered"
    picture = opened(trial.server.get(path, accept=PNG).wanted().body, PNG).convert("RGB")
    pixel = picture.getpixel((5, 5))
    claim(isinstance(pixel, tuple) and abs(int(pixel[0]) - 200) < 4, "red is lost")
    claim(isinstance(pixel, tuple) and int(pixel[2]) < 4, "blue came in")


@group.may("8.7.4", "a document is rendered as what it is: PDF")
def document(trial: Trial) -> None:
    """Render the document."""
    path = f"{instance_path(trial.sent.document)}/rendered"
    answer = trial.server.get(path, accept="application/pdf").wanted().of("application/pdf")
    claim(answer.body.startswith(b"%PDF"), "the body is no PDF")


@group.must("10.4.3.1", "a frame beyond the last is 404")
def beyond(trial: Trial) -> None:
    """Render a sixth frame of five."""
    path = f"{instance_path(trial.sent.cine)}/frames/6/rendered"
    trial.server.get(path, accept=JPEG).wanted(404)
