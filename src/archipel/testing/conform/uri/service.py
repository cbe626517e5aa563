"""The URI service, WADO-URI (PS3.18 chapter 9)."""

from collections.abc import Mapping

from pydicom.dataset import Dataset

from archipel.testing.conform.model import Group, NotOffered, Trial, claim
from archipel.testing.conform.phantoms import COLUMNS, EXPLICIT, ROWS, fresh_uid, red, shade
from archipel.testing.conform.server import DICOM, Answer
from archipel.testing.conform.wado.images import JPEG, PNG, grey, opened
from archipel.testing.conform.wado.instances import read

group = Group("uri", "WADO-URI")


def _named(held: Dataset, **more: str) -> dict[str, str]:
    return {
        "requestType": "WADO",
        "studyUID": held.StudyInstanceUID,
        "seriesUID": held.SeriesInstanceUID,
        "objectUID": held.SOPInstanceUID,
        **more,
    }


def _ask(trial: Trial, pairs: Mapping[str, str]) -> Answer:
    return trial.server.get(trial.server.uri_service, pairs, accept="*/*")


def _refused(trial: Trial, pairs: Mapping[str, str], *statuses: int) -> None:
    """Hold a request to be refused, by a server that has this service at all."""
    if _ask(trial, _named(trial.sent.cine)).status != 200:
        raise NotOffered("there is no URI service")
    _ask(trial, pairs).wanted(*statuses)


@group.may("9.1.2.2.1", "`contentType=application/dicom` gives the instance")
def dicom(trial: Trial) -> None:
    """Ask for a file."""
    first = trial.sent.slices[0]
    answer = _ask(trial, _named(first, contentType=DICOM)).wanted().of(DICOM)
    found = read(answer.body)
    claim(found.SOPInstanceUID == first.SOPInstanceUID, "another instance came")
    claim(found.PixelData == first.PixelData, "the pixels differ")


@group.may("9.1.2.2.3", "the default transfer syntax is Explicit VR Little Endian")
def default_transfer_syntax(trial: Trial) -> None:
    """Ask for what is stored in RLE."""
    answer = _ask(trial, _named(trial.sent.colour, contentType=DICOM)).wanted()
    found = read(answer.body)
    claim(found.file_meta.TransferSyntaxUID == EXPLICIT, "it left in another transfer syntax")
    claim(found.PixelData[: red().nbytes] == red().tobytes(), "the pixels differ")


@group.may("9.1.2.1.4", "without a content type, an image of one frame is a JPEG")
def default_form(trial: Trial) -> None:
    """Say nothing of media types."""
    answer = _ask(trial, _named(trial.sent.slices[0])).wanted().of(JPEG)
    claim(opened(answer.body, JPEG).size == (COLUMNS, ROWS), "the picture has another size")


@group.may("9.1.2.1.4", "`contentType=image/png` gives a PNG")
def png(trial: Trial) -> None:
    """Ask for PNG."""
    answer = _ask(trial, _named(trial.sent.slices[0], contentType=PNG)).wanted().of(PNG)
    opened(answer.body, PNG)


@group.may("9.1.2.2.2", "`frameNumber` chooses the frame")
def frame(trial: Trial) -> None:
    """Ask for two frames and compare."""
    greys = [
        float(
            grey(
                _ask(
                    trial,
                    _named(
                        trial.sent.cine,
                        contentType=JPEG,
                        frameNumber=str(number),
                        windowCenter="127.5",
                        windowWidth="255",
                    ),
                )
                .wanted()
                .body,
                JPEG,
            ).mean()
        )
        for number in (1, 5)
    ]
    claim(abs(greys[1] - shade(5)) < 8 and greys[0] < greys[1], f"the greys are {greys}")


@group.may("9.1.2.2.6", "`rows` and `columns` bound the picture")
def size(trial: Trial) -> None:
    """Ask for a small picture."""
    pairs = _named(trial.sent.slices[0], contentType=JPEG, rows="24", columns="32")
    found = opened(_ask(trial, pairs).wanted().body, JPEG).size
    if found == (COLUMNS, ROWS):
        raise NotOffered("the size was passed over")
    claim(found == (32, 24), f"the picture is {found[0]} x {found[1]}")


@group.may("9.1.2.2.7", "`windowCenter` and `windowWidth` are minded")
def window(trial: Trial) -> None:
    """Ask for a window beyond all values."""
    pairs = _named(trial.sent.slices[0], contentType=JPEG, windowCenter="5000", windowWidth="100")
    found = grey(_ask(trial, pairs).wanted().body, JPEG)
    if found.max() > 100:
        raise NotOffered("the window was passed over")
    claim(found.max() < 8, "values below the window are not black")


@group.may("9.1.2.2.5", "`imageQuality` is minded")
def quality(trial: Trial) -> None:
    """Ask for the worst and the best."""
    first = trial.sent.slices[0]
    sizes = [
        len(_ask(trial, _named(first, contentType=JPEG, imageQuality=q)).wanted().body)
        for q in ("1", "100")
    ]
    if sizes[0] == sizes[1]:
        raise NotOffered("the quality was passed over")
    claim(sizes[0] < sizes[1], "the worst is larger than the best")


@group.may("9.1.2.2.4", "`anonymize=yes` hides who it is, or is refused")
def anonymize(trial: Trial) -> None:
    """Ask for an instance without its patient."""
    pairs = _named(trial.sent.slices[0], contentType=DICOM, anonymize="yes")
    if _ask(trial, _named(trial.sent.cine)).status != 200:
        raise NotOffered("there is no URI service")
    answer = _ask(trial, pairs)
    if answer.status == 200:
        claim(trial.sent.run.encode() not in answer.body, "the patient is told all the same")
    else:
        answer.wanted(400, 403, 406, 501)


@group.may("9.1.2.1.1", "another `requestType` is refused with 400")
def request_type(trial: Trial) -> None:
    """Ask for something else than WADO."""
    _refused(trial, {**_named(trial.sent.cine), "requestType": "X"}, 400)


@group.may("9.1.2.1.2", "a request that names no object is refused with 400")
def no_object(trial: Trial) -> None:
    """Leave the object out."""
    pairs = _named(trial.sent.cine)
    del pairs["objectUID"]
    _refused(trial, pairs, 400)


@group.may("9.3", "an unknown object is 404")
def unknown(trial: Trial) -> None:
    """Ask for what is not there."""
    _refused(trial, {**_named(trial.sent.cine), "objectUID": fresh_uid()}, 404)


@group.may("9.3", "a content type that cannot be made is 406")
def unacceptable(trial: Trial) -> None:
    """Ask for text."""
    _refused(trial, _named(trial.sent.cine, contentType="text/csv"), 406)


@group.may("9.1.2.2.2", "a frame beyond the last is refused")
def beyond(trial: Trial) -> None:
    """Ask for a sixth frame of five."""
    pairs = _named(trial.sent.cine, contentType=JPEG, frameNumber="6")
    _refused(trial, pairs, 400, 404)
