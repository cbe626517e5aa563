"""What is held beside what was set aside: where they differ, how both look."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from archipel.app.key_images import DrawnKeyImages
from archipel.app.operations.differing import differing
from archipel.archive.arrival import frames_of, key_of
from archipel.archive.model import Held, InstanceKey, JournalPlace, QuarantineEntry
from archipel.archive.ports import Contents, Holdings, QuarantineDesk
from archipel.imaging.errors import NotAnImage, Undecodable
from archipel.imaging.wishes import Format, Viewport, Wishes
from archipel.kernel.actors import Scope
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.uid import Uid
from archipel.protocols.web.models.settling import Comparison
from archipel.standards.dicom.header import scan

SIDE = 384  # pixels of a picture
LONGEST = 128 << 20  # bytes of a data set whose elements are compared one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """`protocols.web.services.Comparing`."""

    quarantine: QuarantineDesk
    holdings: Holdings
    contents: Contents
    pictures: DrawnKeyImages

    def compare(self, place: JournalPlace, *, scope: Scope) -> Comparison:
        """Say where the two differ. Raises `NotFound`, `Unavailable`."""
        entry, offered = self._offered(place, scope)
        held = self._held(entry)
        if held is None or max(held.size_bytes, offered.size_bytes) > LONGEST:
            return Comparison(held=held is not None, compared=False, attributes=[], pixels=False)
        try:
            attributes, pixels = differing(
                (self.contents.dataset(held), held.transfer_syntax.value),
                (self.contents.dataset(offered), offered.transfer_syntax.value),
            )
        except Malformed:
            return Comparison(held=True, compared=False, attributes=[], pixels=False)
        return Comparison(held=True, compared=True, attributes=attributes, pixels=pixels)

    def picture(self, place: JournalPlace, *, second: bool, scope: Scope) -> bytes:
        """Draw the middle frame of one of the two, a JPEG. Raises `NotFound`."""
        entry, offered = self._offered(place, scope)
        shown = offered if second else self._held(entry)
        if shown is None or shown.frames == 0:
            raise NotFound("there is no picture of it")
        wishes = Wishes(format=Format.JPEG, viewport=Viewport(width=SIDE, height=SIDE))
        try:
            return self.pictures.draw(shown, (shown.frames + 1) // 2, wishes)
        except (NotAnImage, Undecodable, Malformed):
            raise NotFound("there is no picture of it") from None

    def file(self, place: JournalPlace, *, scope: Scope) -> Iterator[bytes]:
        """Give the second as a Part 10 file, as received. Raises `NotFound`."""
        _, offered = self._offered(place, scope)
        return self.contents.part10(offered)

    def _held(self, entry: QuarantineEntry) -> Held | None:
        return self.holdings.held(entry.tenant, entry.sop_instance)

    def _offered(self, place: JournalPlace, scope: Scope) -> tuple[QuarantineEntry, Held]:
        entry = self.quarantine.entry(place, scope=scope)
        if entry is None or entry.discarded:
            raise NotFound("there is nothing of this name in quarantine")
        nowhere = InstanceKey(entry.study or Uid("0.0"), Uid("0.0"), entry.sop_instance)
        raw = Held(
            tenant=entry.tenant,
            key=nowhere,
            sop_class=entry.sop_class,
            transfer_syntax=entry.transfer_syntax,
            size_bytes=entry.size_bytes,
            digest=entry.offered_digest,
            number=None,
            frames=0,
            received_at=entry.received_at,
            source=entry.source,
            place=entry.place,
        )
        return entry, self._placed(raw)

    def _placed(self, raw: Held) -> Held:
        """Read where it says to belong and how many frames it has; as it is where that fails."""
        try:
            header = scan(self.contents.dataset(raw), raw.transfer_syntax.value)
            return replace(raw, key=key_of(header), frames=frames_of(header))
        except Malformed:
            return raw
