"""One stored frame drawn: fetches what the picture needs and hands it to ``imaging``."""

from archipel.archive.model import Held
from archipel.imaging.description import describe
from archipel.imaging.errors import NotAnImage
from archipel.imaging.render import Wishes, render
from archipel.kernel.errors import NotFound
from archipel.protocols.dicomweb.retrieval import Retrieval
from archipel.standards.dicom.bulk import value_at


def draw(retrieval: Retrieval, held: Held, number: int, *, wishes: Wishes) -> bytes:
    """Draw frame `number`, 1 first. Raises `NotAnImage`, `Undecodable`, `NotFound`."""
    if held.frames == 0:
        raise NotAnImage("this instance holds no image")

    def bulk_data(path: tuple[int, ...]) -> bytes | None:
        try:
            return value_at(retrieval.dataset(held), held.transfer_syntax.value, path)
        except NotFound:
            return None

    image = describe(retrieval.document(held), number, bulk_data)
    try:
        frame = retrieval.frame(held, number)
    except NotFound as missing:
        if number > held.frames:
            raise
        raise NotAnImage(f"frame {number} is described, its pixels are not there") from missing
    return render(frame.content, frame.transfer_syntax.value, image, wishes)
