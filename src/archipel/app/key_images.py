"""Key images of reports, drawn from what the archive holds."""

from dataclasses import dataclass

from archipel.archive.model import Held
from archipel.archive.ports import Catalogue, Contents
from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.imaging.model import Window
from archipel.imaging.ports import Workshop
from archipel.imaging.tasks import FindValue, RenderFrame
from archipel.imaging.wishes import Format, Viewport, Wishes
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.uid import Uid
from archipel.reading.model import KeyImage
from archipel.standards.dicom.transfer_syntax import of

LONGEST_SIDE = 1024  # of a picture: more than a printed page can show


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnKeyImages:
    """`archipel.reading.ports.Pictures`, over what this node holds."""

    catalogue: Catalogue
    contents: Contents
    workshop: Workshop

    def picture(self, image: KeyImage, *, scope: Scope) -> bytes | None:
        """See the port."""
        held = self._held(image, scope)
        if held is None or not 1 <= image.frame <= held.frames:
            return None
        try:
            return self.draw(held, image.frame, _wishes(image))
        except (NotAnImage, Undecodable, NotFound):
            return None

    def sop_class(self, image: KeyImage, *, scope: Scope) -> Uid | None:
        """See the port."""
        held = self._held(image, scope)
        return held.sop_class if held else None

    def _held(self, image: KeyImage, scope: Scope) -> Held | None:
        found = self.catalogue.instances(
            scope=scope, study=image.study, series=image.series, sop_instance=image.sop_instance
        )
        return found[0] if found else None

    def draw(self, held: Held, number: int, wishes: Wishes) -> bytes:
        """Draw one frame, 1 first. Raises `NotAnImage`, `Undecodable`, `NotFound`."""
        # It loads numpy: only a process that draws pays for it.
        from archipel.imaging.description import describe  # noqa: PLC0415  (as said above)

        def bulk_data(path: tuple[int, ...]) -> bytes | None:
            syntax = held.transfer_syntax.value
            task = FindValue(self.contents.dataset(held), syntax, path)
            try:
                return self.workshop.run(task) if of(syntax).deflated else task.do()
            except NotFound:
                return None

        described = describe(self.contents.series_metadata([held]), number, bulk_data)
        frame = self.contents.frame(held, number)
        syntax = frame.transfer_syntax.value
        return self.workshop.run(RenderFrame(frame.content, syntax, described, wishes))


def _wishes(image: KeyImage) -> Wishes:
    seen = image.window
    return Wishes(
        format=Format.PNG,
        # A linear window is at least 1 wide (PS3.3 section C.11.2.1.2).
        window=Window(center=seen.center, width=max(seen.width, 1.0)) if seen else None,
        viewport=Viewport(width=LONGEST_SIDE, height=LONGEST_SIDE),
    )
