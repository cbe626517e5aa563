"""One stored frame drawn: fetches what the picture needs and hands it to the workshop."""

from archipel.archive.model import Held
from archipel.imaging.description import describe
from archipel.imaging.errors import NotAnImage
from archipel.imaging.ports import Workshop
from archipel.imaging.tasks import FindValue, RenderFrame
from archipel.imaging.wishes import Wishes
from archipel.kernel.errors import NotFound
from archipel.protocols.dicomweb.retrieval import Retrieval
from archipel.standards.dicom.transfer_syntax import of


def draw(
    retrieval: Retrieval, workshop: Workshop, held: Held, number: int, *, wishes: Wishes
) -> bytes:
    """Draw frame `number`, 1 first. Raises `NotAnImage`, `Undecodable`, `NotFound`."""
    if held.frames == 0:
        raise NotAnImage("this instance holds no image")

    def bulk_data(path: tuple[int, ...]) -> bytes | None:
        try:
            return found_value(retrieval, workshop, held, path)
        except NotFound:
            return None

    document = retrieval.document(held)
    image = describe(document, number, bulk_data)
    try:
        frame = retrieval.frame(held, number)
    except NotFound as missing:
        if number > held.frames:
            raise
        raise NotAnImage(f"frame {number} is described, its pixels are not there") from missing
    told = document if wishes.annotate else b""
    task = RenderFrame(frame.content, frame.transfer_syntax.value, image, wishes, told)
    return workshop.run(task)


def found_value(
    retrieval: Retrieval, workshop: Workshop, held: Held, path: tuple[int, ...]
) -> bytes:
    """Find a value of an instance by its path. Raises `NotFound`, `Malformed`."""
    task = FindValue(retrieval.dataset(held), held.transfer_syntax.value, path)
    return workshop.run(task) if of(task.transfer_syntax).deflated else task.do()
