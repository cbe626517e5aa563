"""What a project asks of de-identification, and how a data set says that it was done.

Method codes: PS3.16 CID 7050. Attributes: PS3.3 section C.7.1.1 (Patient Identity Removed) and
C.12.1.1.1 (Longitudinal Temporal Information Modified).
"""

from dataclasses import dataclass

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.deidentify.table import Option

METHOD = "DICOM PS3.15 Annex E, Archipel"
BASIC = ("113100", "Basic Application Confidentiality Profile")
CODES: dict[Option, tuple[str, str]] = {
    Option.CLEAN_PIXELS: ("113101", "Clean Pixel Data Option"),
    Option.CLEAN_GRAPHICS: ("113103", "Clean Graphics Option"),
    Option.CLEAN_STRUCTURED_CONTENT: ("113104", "Clean Structured Content Option"),
    Option.CLEAN_DESCRIPTORS: ("113105", "Clean Descriptors Option"),
    Option.RETAIN_FULL_DATES: (
        "113106",
        "Retain Longitudinal Temporal Information Full Dates Option",
    ),
    Option.RETAIN_MODIFIED_DATES: (
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    Option.RETAIN_CHARACTERISTICS: ("113108", "Retain Patient Characteristics Option"),
    Option.RETAIN_DEVICE: ("113109", "Retain Device Identity Option"),
    Option.RETAIN_UIDS: ("113110", "Retain UIDs Option"),
    Option.RETAIN_SAFE_PRIVATE: ("113111", "Retain Safe Private Option"),
    Option.RETAIN_INSTITUTION: ("113112", "Retain Institution Identity Option"),
}
_REMOVED, _METHOD, _CODES = 0x00120062, 0x00120063, 0x00120064
_TEMPORAL, _BURNED_IN = 0x00280303, 0x00280301


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels, from `left` and `top` up to, not with, `right` and `bottom`."""

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right and 0 <= self.top < self.bottom):
            raise Malformed("a box has left < right and top < bottom, none below 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackout:
    """A rule: images of this kind show text in these boxes and nowhere else.

    An empty field matches anything; texts are compared without regard to case. `rows` and
    `columns` must match: boxes are in pixels of that size. No box: the images show no text.
    """

    modality: str
    rows: int
    columns: int
    manufacturer: str = ""
    model: str = ""
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """The basic profile with these options. Raises `Malformed` for options that exclude others."""

    options: frozenset[Option] = frozenset()
    blackouts: tuple[Blackout, ...] = ()

    def __post_init__(self) -> None:
        if {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= self.options:
            raise Malformed("dates are kept as they are or shifted, not both: choose one option")

    def stamp(self, dataset: DataSet, *, cleaned_pixels: bool) -> None:
        """Write into `dataset` that it was de-identified and how."""
        dataset.set_text(_REMOVED, "YES")
        dataset.set_text(_METHOD, METHOD)
        chosen = [CODES[option] for option in Option if option in self.options]
        dataset.set_items(_CODES, [_code(*one) for one in (BASIC, *chosen)])
        dataset.set_text(_TEMPORAL, self._temporal())
        if cleaned_pixels:
            dataset.set_text(_BURNED_IN, "NO")

    def _temporal(self) -> str:
        if Option.RETAIN_FULL_DATES in self.options:
            return "UNMODIFIED"
        return "MODIFIED" if Option.RETAIN_MODIFIED_DATES in self.options else "REMOVED"


def _code(value: str, meaning: str) -> DataSet:
    item = DataSet()
    item.set_text(0x00080100, value)
    item.set_text(0x00080102, "DCM")
    item.set_text(0x00080104, meaning)
    return item
