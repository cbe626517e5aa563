"""One stored frame drawn: fetches what the picture needs and hands it to the workshop."""

from dataclasses import replace
from functools import partial

from archipel.archive.model import Held
from archipel.imaging.description import describe
from archipel.imaging.errors import NotAnImage
from archipel.imaging.ports import Workshop
from archipel.imaging.softcopy.reading import softcopy_of
from archipel.imaging.tasks import FindValue, RenderFrame
from archipel.imaging.wishes import Wishes
from archipel.kernel.errors import NotFound
from archipel.protocols.dicomweb.retrieval import Retrieval
from archipel.standards.dicom.transfer_syntax import of


def draw(
    retrieval: Retrieval,
    workshop: Workshop,
    held: Held,
    number: int,
    *,
    wishes: Wishes,
    state: Held | None = None,
) -> bytes:
    """Draw frame `number`, 1 first, as `state`, a presentation state, has it.

    Raises `NotAnImage`, `Undecodable`, `NotFound`; `Malformed` where `state` is about others.
    """
    if held.frames == 0:
        raise NotAnImage("this instance holds no image")

    document = retrieval.document(held)
    image = describe(document, number, partial(_found_or_none, retrieval, workshop, held))
    if state is not None:
        told = retrieval.document(state)
        found = partial(_found_or_none, retrieval, workshop, state)
        softcopy = softcopy_of(told, held.key.sop_instance.value, number, image, found)
        image = replace(image, presentation=softcopy.presentation)
        wishes = replace(wishes, softcopy=softcopy)
    try:
        frame = retrieval.frame(held, number)
    except NotFound as missing:
        if number > held.frames:
            raise
        raise NotAnImage(f"frame {number} is described, its pixels are not there") from missing
    written = document if wishes.annotate else b""
    task = RenderFrame(frame.content, frame.transfer_syntax.value, image, wishes, written)
    return workshop.run(task)


def _found_or_none(
    retrieval: Retrieval, workshop: Workshop, held: Held, path: tuple[int, ...]
) -> bytes | None:
    try:
        return found_value(retrieval, workshop, held, path)
    except NotFound:
        return None


def found_value(
    retrieval: Retrieval, workshop: Workshop, held: Held, path: tuple[int, ...]
) -> bytes:
    """Find a value of an instance by its path. Raises `NotFound`, `Malformed`."""
    task = FindValue(retrieval.dataset(held), held.transfer_syntax.value, path)
    return workshop.run(task) if of(task.transfer_syntax).deflated else task.do()
