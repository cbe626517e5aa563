"""Every image of an exam, drawn for a phone, from what the archive holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from archipel.app.key_images import DrawnKeyImages
from archipel.archive.model import Held
from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.imaging.wishes import Format, Viewport, Wishes
from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.uid import Uid
from archipel.reading.model import ExamId
from archipel.reading.ports import Exams
from archipel.results.model import Stack

LONGEST_SIDE = 768  # twice the width of a phone in its own pixels
QUALITY = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnGallery:
    """`archipel.results.ports.Gallery`, over what this node holds."""

    exams: Exams
    drawing: DrawnKeyImages

    def stacks(self, exam: ExamId, *, scope: Scope) -> Sequence[Stack]:
        """See the port."""
        counted = {
            series: sum(one.frames for one in found)
            for series, found in groupby(
                self._held(exam, None, scope), key=lambda one: one.key.series
            )
        }
        return [
            Stack(
                series=one.series,
                modality=one.modality,
                description=one.description,
                pictures=counted[one.series],
            )
            for one in self.exams.series(exam, scope=scope)
            if counted.get(one.series, 0) > 0
        ]

    def picture(self, exam: ExamId, series: Uid, number: int, *, scope: Scope) -> bytes | None:
        """See the port."""
        left = number
        for held in self._held(exam, series, scope):
            if 1 <= left <= held.frames:
                try:
                    return self.drawing.draw(held, left, WISHES)
                except (NotAnImage, Undecodable, NotFound):
                    return None
            left -= held.frames
        return None

    def _held(self, exam: ExamId, series: Uid | None, scope: Scope) -> list[Held]:
        """Find what one exam holds: not what another owner holds under the same UID."""
        found = self.drawing.catalogue.instances(scope=scope, study=exam.study, series=series)
        return [one for one in found if one.tenant == exam.tenant]


WISHES = Wishes(
    format=Format.JPEG,
    viewport=Viewport(width=LONGEST_SIDE, height=LONGEST_SIDE),
    quality=QUALITY,
)
