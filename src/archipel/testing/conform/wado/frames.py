"""Frames (PS3.18 section 10.4.1.1.6)."""

from archipel.testing.conform.model import Group, NotOffered, Trial, claim
from archipel.testing.conform.phantoms import (
    COLUMNS,
    EXPLICIT,
    FRAMES,
    RLE,
    ROWS,
    instance_path,
    ramp,
    red,
    shade,
)
from archipel.testing.conform.server import OCTETS, Part, related

group = Group("frames", "WADO-RS: frames")
DICOM_RLE = "image/dicom-rle"


def _parts(trial: Trial, numbers: str, accept: str = related(OCTETS)) -> list[Part]:
    path = f"{instance_path(trial.sent.cine)}/frames/{numbers}"
    return trial.server.get(path, accept=accept).wanted().parts()


def _frame(number: int) -> bytes:
    return bytes([shade(number)]) * (ROWS * COLUMNS)


@group.must("10.4.1.1.6", "the frame of a slice is its pixels")
def of_a_slice(trial: Trial) -> None:
    """Get a native frame."""
    path = f"{instance_path(trial.sent.slices[0])}/frames/1"
    parts = trial.server.get(path, accept=related(OCTETS)).wanted().parts()
    claim(len(parts) == 1, f"{len(parts)} parts for one frame")
    claim(parts[0].content == ramp(1).tobytes(), "the pixels differ")


@group.must("10.4.1.1.6", "one frame of several is that frame")
def third(trial: Trial) -> None:
    """Get the third frame."""
    parts = _parts(trial, "3")
    claim(len(parts) == 1 and parts[0].content == _frame(3), "it is not the third frame")


@group.must("10.4.1.1.6", "a list of frames leaves as one part each, in the order asked")
def listed(trial: Trial) -> None:
    """Get the fourth and the second frame."""
    parts = _parts(trial, "4,2")
    claim([part.content for part in parts] == [_frame(4), _frame(2)], "not the frames asked for")


@group.must("10.4.1.1.6", "all frames of an instance can be had at once")
def every(trial: Trial) -> None:
    """Get every frame."""
    parts = _parts(trial, ",".join(map(str, range(1, FRAMES + 1))))
    expected = [_frame(n) for n in range(1, FRAMES + 1)]
    claim([part.content for part in parts] == expected, "a frame differs")


@group.must("8.7.3.3", "a part of a frame is `application/octet-stream`")
def kind(trial: Trial) -> None:
    """Look at the head of a part."""
    claim(_parts(trial, "1")[0].kind == OCTETS, "it is of another media type")


@group.must("10.4.4", "without a wish, frames leave as multipart/related of octets")
def default_form(trial: Trial) -> None:
    """Say nothing of media types."""
    path = f"{instance_path(trial.sent.cine)}/frames/1"
    answer = trial.server.get(path, accept="*/*").wanted()
    claim(answer.kind in {"multipart/related", OCTETS}, f"it leaves as {answer.kind}")


@group.must("8.7.3.3", "a compressed frame is decoded for one who accepts octets")
def decoded(trial: Trial) -> None:
    """Get a frame stored in RLE as native pixels."""
    path = f"{instance_path(trial.sent.colour)}/frames/1"
    accept = related(OCTETS, EXPLICIT)
    part = trial.server.get(path, accept=accept).wanted().parts()[0]
    claim(part.content == red().tobytes(), "the pixels differ")


@group.must("8.7.3.3", "octets without a wish of syntax are native pixels")
def decoded_by_default(trial: Trial) -> None:
    """Get a frame stored in RLE without naming a syntax."""
    path = f"{instance_path(trial.sent.colour)}/frames/1"
    part = trial.server.get(path, accept=related(OCTETS)).wanted().parts()[0]
    claim(part.content == red().tobytes(), "the pixels differ")


@group.must("8.7.3.3", "a compressed frame leaves as stored under its own media type")
def as_stored(trial: Trial) -> None:
    """Get a frame stored in RLE as RLE."""
    path = f"{instance_path(trial.sent.colour)}/frames/1"
    accept = related(DICOM_RLE, RLE)
    part = trial.server.get(path, accept=accept).wanted().parts()[0]
    claim(part.kind == DICOM_RLE, f"it is {part.kind}")
    claim(part.content[:4] == b"\3\0\0\0", "it is no RLE frame of three segments (PS3.5 G.5)")


@group.may("8.7.3.5", "`transfer-syntax=*` leaves a frame as it is stored")
def any_syntax(trial: Trial) -> None:
    """Get a frame stored in RLE as it is."""
    path = f"{instance_path(trial.sent.colour)}/frames/1"
    accept = f"{related(DICOM_RLE, '*')}, {related(OCTETS, '*')}; q=0.5"
    part = trial.server.get(path, accept=accept).wanted().parts()[0]
    claim(part.content != red().tobytes(), "it was decoded")


@group.may("10.4.4", "one frame leaves alone as `application/octet-stream`")
def alone(trial: Trial) -> None:
    """Get a frame without parts."""
    path = f"{instance_path(trial.sent.cine)}/frames/2"
    answer = trial.server.get(path, accept=OCTETS).wanted().of(OCTETS)
    claim(answer.body == _frame(2), "the pixels differ")


@group.may("8.4", "a range of a frame leaves as 206")
def partial(trial: Trial) -> None:
    """Get 100 bytes of a frame."""
    path = f"{instance_path(trial.sent.slices[0])}/frames/1"
    answer = trial.server.get(path, accept=OCTETS, Range="bytes=100-199").wanted(200, 206)
    if answer.status == 200:
        raise NotOffered("the range was passed over")
    claim(answer.body == ramp(1).tobytes()[100:200], "another piece came")
    claim(answer.headers.get("content-range", "").startswith("bytes 100-199/"), "no Content-Range")


@group.must("10.4.3.1", "a frame beyond the last is 404")
def beyond(trial: Trial) -> None:
    """Get a sixth frame of five."""
    path = f"{instance_path(trial.sent.cine)}/frames/6"
    trial.server.get(path, accept=related(OCTETS)).wanted(404)


@group.must("10.4.1.1.6", "frame 0 is refused: frames count from 1")
def zero(trial: Trial) -> None:
    """Get frame 0."""
    path = f"{instance_path(trial.sent.cine)}/frames/0"
    trial.server.get(path, accept=related(OCTETS)).wanted(400, 404)


@group.must("10.4.1.1.6", "what is no list of numbers is refused with 400")
def no_number(trial: Trial) -> None:
    """Get frame x."""
    path = f"{instance_path(trial.sent.cine)}/frames/x"
    trial.server.get(path, accept=related(OCTETS)).wanted(400, 404)


@group.must("10.4.3.1", "a document has no frames: 404 or 406")
def of_a_document(trial: Trial) -> None:
    """Get a frame of a PDF."""
    path = f"{instance_path(trial.sent.document)}/frames/1"
    trial.server.get(path, accept=related(OCTETS)).wanted(400, 404, 406)
