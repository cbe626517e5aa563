"""One data set de-identified (PS3.15 section E.1.1), sequences included, or refused whole."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from archipel.kernel.errors import Refused
from archipel.standards.dicom.charset import SPECIFIC_CHARACTER_SET
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.standards.dicom.deidentify.dates import is_temporal, shifted
from archipel.standards.dicom.deidentify.dummies import dummy_of
from archipel.standards.dicom.deidentify.known import Known, known_of
from archipel.standards.dicom.deidentify.private import is_safe
from archipel.standards.dicom.deidentify.profile import Profile
from archipel.standards.dicom.deidentify.pseudonyms import Pseudonyms
from archipel.standards.dicom.deidentify.table import Action, Option, row_of
from archipel.standards.dicom.deidentify.words import cleaned, is_plain
from archipel.standards.dicom.dictionary import entry_of, keyword_of, vr_of
from archipel.standards.dicom.elements import PIXEL_DATA
from archipel.standards.dicom.vr import BINARY_VRS, NUMBERS, TEXT_VRS

PATIENT_NAME, PATIENT_ID, ISSUER = 0x00100010, 0x00100020, 0x00100021
STUDY_UID = 0x0020000D
_ENCAPSULATED_DOCUMENT = 0x00420011
_OVERLAY_DATA, _OVERLAY_TYPE = 0x3000, 0x0040
_GRAPHIC_GROUPS = frozenset({0x50, 0x60})
_PRIVATE = 0x00010000
_TEMPORAL_VRS = frozenset({"DA", "DT", "TM"})
_SPEAKING_VRS = TEXT_VRS | {"AE", "CS", "UR"}
_REGISTERED = "1.2.840.10008."  # UIDs of the standard itself (PS3.6 Annex A)
_WELL_KNOWN = frozenset({0x00080016, 0x00081150, 0x0008010C, 0x00080117, 0x00080118, 0x00081090})
_CHARSET = re.compile(rb"[A-Z0-9_ \\]*\0?")
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f](?!\Z)")  # ESC, TAB, LF, FF, CR may
_NUMERIC = {
    "DS": re.compile(r" *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *"),
    "IS": re.compile(r" *[+-]?\d+ *"),
    "AS": re.compile(r"\d{3}[DWMY]"),
    "UI": re.compile(r"[0-9]+(\.[0-9]+)*"),
}


class NotDeidentifiable(Refused):
    """This data set cannot be made to name nobody: nothing of it leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What holds for every data set of one patient in one project.

    `subject` names the patient for the pseudonyms, the same for all their data sets; where it is
    empty the data set's own patient identifier with its issuer does.
    """

    profile: Profile
    pseudonyms: Pseudonyms
    subject: str = ""


def deidentify(dataset: DataSet, task: Task, *, cleaned_pixels: bool = False) -> DataSet:
    """Return `dataset` with nobody named in it; the given one is left as it is.

    `cleaned_pixels` says that text was blackened in the pixels. Raises `NotDeidentifiable`.
    """
    if _ENCAPSULATED_DOCUMENT in dataset:
        raise NotDeidentifiable("an encapsulated document is text that nothing here can clean")
    options = task.profile.options
    known = known_of(dataset, options)
    run = _Run(task, known, subject_of(dataset, task))
    made = run.items_of([dataset])[0]
    for tag in (PATIENT_NAME, PATIENT_ID):
        made.set_text(tag, task.pseudonyms.patient(run.subject))
    task.profile.stamp(made, cleaned_pixels=cleaned_pixels)
    _check(made, known)
    return made


def subject_of(dataset: DataSet, task: Task) -> str:
    """Name whose data set this is; a study without identifier stands for its patient."""
    own = dataset.text(PATIENT_ID)
    if task.subject or not own:
        return task.subject or "study\0" + dataset.text(STUDY_UID)
    return f"{own}\0{dataset.text(ISSUER)}"


@dataclass(frozen=True, slots=True)
class _Run:
    task: Task
    known: Known
    subject: str

    def items_of(self, items: list[DataSet], *, dummy: bool = False) -> list[DataSet]:
        """De-identify data sets; `dummy`: nothing but their form may stay."""
        made = []
        for item in items:
            copy = DataSet(outer=item.outer)
            for tag in item:
                element = self._dummy(item, tag) if dummy else self._treated(item, tag)
                if element is not None:
                    copy.elements[tag] = element
            made.append(copy)
        return made

    def _treated(self, dataset: DataSet, tag: int) -> Element | None:
        """Do what the table says; None takes the attribute away."""
        element = dataset.elements[tag]
        row = row_of(tag)
        if tag >> 16 < 0x0008 or not tag & 0xFFFF:  # noqa: PLR2004 (commands, file meta, group lengths)
            return None
        if row is None:
            return self._judged(dataset, tag, element) if entry_of(tag) else None
        action = row.action(self.task.profile.options)
        does: dict[Action, Callable[[DataSet, int, Element], Element | None]] = {
            Action.REMOVE: lambda *_: None,
            Action.ZERO: lambda *_: _empty(_vr(tag, element)),
            Action.DUMMY: lambda *_: self._dummy(dataset, tag),
            Action.KEEP: self._kept,
            Action.CLEAN: self._cleaned,
            Action.UID: self._reference,
        }
        return does[action](dataset, tag, element)

    def _dummy(self, dataset: DataSet, tag: int) -> Element | None:
        element = dataset.elements[tag]
        vr = _vr(tag, element)
        if tag & _PRIVATE or not tag & 0xFFFF:
            return None
        if isinstance(element.value, list):
            return Element("SQ", self.items_of(element.value[:1], dummy=True))
        if vr == "UI":
            return self._reference(dataset, tag, element)
        if vr == "SQ":
            return Element("SQ", [])
        if (
            vr == "CS"
            and is_plain(dataset.text(tag))
            and not self.known.in_text(dataset.text(tag))
        ):
            return element  # terms that a content item needs: value and relationship types
        return dummy_of(vr)

    def _kept(self, dataset: DataSet, tag: int, element: Element) -> Element | None:
        """Keep what an option retains (action K)."""
        if _vr(tag, element) != "UI":
            return self._judged(dataset, tag, element)
        return element if all(map(_NUMERIC["UI"].fullmatch, dataset.texts(tag))) else None

    def _judged(self, dataset: DataSet, tag: int, element: Element) -> Element | None:
        """Keep what has the form of its VR and names nobody that is known."""
        vr = _vr(tag, element)
        if isinstance(element.value, list):
            return Element("SQ", self.items_of(element.value))
        if vr == "UI":
            return self._unlisted(dataset, tag, element)
        if vr in BINARY_VRS:
            return self._bytes(tag, element.value)
        if vr == "SQ":
            return None  # hidden in bytes: it is not looked into
        values = [] if vr in NUMBERS else [one for one in dataset.texts(tag) if one]
        if not all(_has_form(one, vr) for one in values):
            return Element(vr, b"")
        return dummy_of(vr) if _tells(dataset, tag, self.known) else element

    def _bytes(self, tag: int, raw: bytes) -> Element | None:
        vr = vr_of(tag) if vr_of(tag) in BINARY_VRS else "UN"
        if not self.known.in_bytes(raw):
            return Element(vr, raw)
        if tag == PIXEL_DATA:
            raise NotDeidentifiable("the encoded pixels carry a name or an identifier as text")
        return None

    def _cleaned(self, dataset: DataSet, tag: int, element: Element) -> Element | None:
        """Take out of a value what may identify (action C)."""
        vr = _vr(tag, element)
        if tag & _PRIVATE:
            return self._judged(dataset, tag, element) if is_safe(dataset, tag) else None
        if tag >> 24 in _GRAPHIC_GROUPS and tag & 0xFFFF == _OVERLAY_DATA:
            outlines = dataset.text(tag & 0xFFFF0000 | _OVERLAY_TYPE) == "R"  # G may be writing
            return element if outlines else None
        if vr in _TEMPORAL_VRS:
            return self._dates(dataset, tag, vr)
        if vr in {"AE", "UR", "PN"}:
            return dummy_of(vr)
        if vr in TEXT_VRS or vr == "CS":
            kept = [self._words(value) for value in dataset.texts(tag)]
            return _text_element(dataset, tag, vr, "\\".join(kept))
        return None if vr in BINARY_VRS else self._judged(dataset, tag, element)

    def _words(self, text: str) -> str:
        words = cleaned(text).split(" ")
        return " ".join(word for word in words if not self.known.in_text(word)) or "Removed"

    def _dates(self, dataset: DataSet, tag: int, vr: str) -> Element:
        days = self.task.pseudonyms.earlier_days(self.subject)
        if Option.RETAIN_MODIFIED_DATES not in self.task.profile.options:
            return dummy_of(vr)
        moved = [
            shifted(one.strip(), vr, earlier_days=days) for one in dataset.text(tag).split("\\")
        ]
        return _text_element(dataset, tag, vr, "\\".join(moved))

    def _reference(self, dataset: DataSet, tag: int, element: Element) -> Element | None:
        """Replace UIDs, each by the one that always stands for it (action U)."""
        if isinstance(element.value, list):
            return Element("SQ", self.items_of(element.value))
        values = [self._uid(one) for one in dataset.text(tag).split("\\")]
        return _text_element(dataset, tag, "UI", "\\".join(values))

    def _unlisted(self, dataset: DataSet, tag: int, element: Element) -> Element | None:
        """Keep UIDs that name kinds, or all where they are retained; replace any other."""
        if tag in _WELL_KNOWN:
            return self._kept(dataset, tag, element)
        if Option.RETAIN_UIDS in self.task.profile.options:
            return self._kept(dataset, tag, element)
        return self._reference(dataset, tag, element)

    def _uid(self, text: str) -> str:
        value = text.strip(" \0")
        if not value or value.startswith(_REGISTERED):
            return value if not value or _NUMERIC["UI"].fullmatch(value) else ""
        return self.task.pseudonyms.uid(value)


def _vr(tag: int, element: Element) -> str:
    return vr_of(tag) if element.vr == "UN" and vr_of(tag) != "UN" else element.vr


def _has_form(text: str, vr: str) -> bool:
    if vr in _TEMPORAL_VRS:
        return is_temporal(text, vr)
    form = _NUMERIC.get(vr)
    return form is None or bool(form.fullmatch(text))


def _empty(vr: str) -> Element:
    return Element(vr, [] if vr == "SQ" else b"")


def _text_element(dataset: DataSet, tag: int, vr: str, text: str) -> Element:
    """Encode a text as the data set around it would, without changing it."""
    made = DataSet(outer=dataset.charset)
    made.set_text(tag, text, vr=vr)
    return made.elements[tag]


def _tells(dataset: DataSet, tag: int, known: Known) -> bool:
    """Whether a value says who it is: as text, or in bytes that no text should have."""
    element = dataset.elements[tag]
    raw = element.value if isinstance(element.value, bytes) else b""
    vr, text = _vr(tag, element), dataset.text(tag)
    if vr in _TEMPORAL_VRS or vr == "UI" or (vr == "CS" and is_plain(text) and raw.isascii()):
        return False  # of a form that was held; terms that identify nobody
    said = vr in _SPEAKING_VRS and (known.in_text(text) or bool(_CONTROLS.search(raw)))
    return (
        said
        or (tag == SPECIFIC_CHARACTER_SET and not _CHARSET.fullmatch(raw))
        or known.in_bytes(raw)
    )


def _check(dataset: DataSet, known: Known) -> None:
    """Look through what is to leave once more. Raises `NotDeidentifiable`."""
    for tag, element in dataset.elements.items():
        if isinstance(element.value, list):
            for item in element.value:
                _check(item, known)
        elif tag != PIXEL_DATA and _tells(dataset, tag, known):  # pixels were looked through
            name = keyword_of(tag) or f"{tag:08X}"
            raise NotDeidentifiable(f"{name} still says who this is: nothing of it leaves")
