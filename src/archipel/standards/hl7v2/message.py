"""A message: segments of fields, fields of repetitions, components, sub-components (HL7 2.5-2.6).

Fields are kept as they came and taken apart when asked for, so that a document of megabytes in
one field costs nothing to whoever does not read it. Fields, components and sub-components count
from 1, as in the standard; what is not there is the empty text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from archipel.standards.hl7v2 import charset
from archipel.standards.hl7v2.errors import Condition, Fault, Location
from archipel.standards.hl7v2.escape import DEFAULT, Separators

MAX_SEGMENTS = 20_000
MAX_FIELDS = 1_000  # of one segment
MAX_REPETITIONS = 1_000  # of one field
NULL = '""'
"""A field that says this takes away what was known; one that says nothing leaves it."""

_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_HEADER = "MSH"
_CHARACTER_SET = 18
_ENDS = re.compile(r"\r\n?|\n")
_BATCHES = (b"FHS", b"BHS")

Component = tuple[str, ...]  # sub-components
Repetition = tuple[Component, ...]
Field = tuple[Repetition, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment. `raw` are its fields from the first, escape sequences unresolved."""

    name: str
    raw: tuple[str, ...]
    separators: Separators = DEFAULT

    def __getitem__(self, field: int) -> str:
        """Return a field as it came."""
        return self.raw[field - 1] if 0 < field <= len(self.raw) else ""

    def repetitions(self, field: int) -> Sequence[str]:
        """Return the repetitions of a field as they came; none of an empty field."""
        raw = self[field]
        if not raw:
            return ()
        if raw == self.separators.encoding and self.name == _HEADER:
            return (raw,)
        return raw.split(self.separators.repetition, MAX_REPETITIONS)[:MAX_REPETITIONS]

    def text(self, field: int, component: int = 1, sub: int = 1) -> str:
        """Return what one sub-component of the first repetition says; the null as empty."""
        raw = self[field]
        if not raw or raw == NULL:
            return ""
        return part(raw, component, sub, self.separators)

    def whole(self, field: int) -> str:
        """Return what a field says as one text, its delimiters taken for text."""
        return "" if self[field] == NULL else self.separators.said(self[field])

    def field(self, field: int) -> Field:
        """Return all of a field, taken apart."""
        signs = self.separators
        return tuple(
            tuple(
                tuple(signs.said(each) for each in component.split(signs.subcomponent))
                for component in repetition.split(signs.component)
            )
            for repetition in self.repetitions(field)
        )


def part(repetition: str, component: int, sub: int, separators: Separators) -> str:
    """Return what one sub-component of a repetition says."""
    first = repetition.split(separators.repetition, 1)[0]
    pieces = first.split(separators.component, component)
    if len(pieces) < component:
        return ""
    pieces = pieces[component - 1].split(separators.subcomponent, sub)
    return separators.said(pieces[sub - 1]) if len(pieces) >= sub else ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message, from its MSH on."""

    segments: tuple[Segment, ...]

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    @property
    def separators(self) -> Separators:
        """What the message is written with."""
        return self.segments[0].separators

    def all(self, name: str) -> Iterator[Segment]:
        """Return the segments of this name, in order."""
        return (one for one in self.segments if one.name == name)

    def first(self, name: str) -> Segment | None:
        """Return the first segment of this name."""
        return next(self.all(name), None)

    def require(self, name: str) -> Segment:
        """Return the first segment of this name. Raises `Fault`."""
        found = self.first(name)
        if found is None:
            raise Fault(
                "the segment is missing",
                where=Location(name),
                condition=Condition.SEGMENT_SEQUENCE,
            )
        return found


def parse(data: bytes, *, undeclared: str = "") -> Message:
    """Read one message. Raises `Fault`, nothing else, whatever the bytes; linear in their number.

    `undeclared` is the character set of a message that names none in MSH-18.
    """
    if data[:3] in _BATCHES:
        raise Fault("a batch: send its messages one by one", where=Location(data[:3].decode()))
    if data[:3] != b"MSH":
        raise Fault(
            "a message begins with MSH",
            where=Location(_HEADER),
            condition=Condition.SEGMENT_SEQUENCE,
        )
    line = _ENDS.split(data[: 1 << 16].decode("latin-1"), 1)[0]
    name = _declared(line) or undeclared
    separators = Separators.announced(line, charset.codec_of(name))
    text = charset.decoded(data, name)
    ends = "\r" if "\r" in text else "\n"
    segments = []
    for number, one in enumerate(islice(_lines(text, ends), MAX_SEGMENTS + 1), 1):
        if number > MAX_SEGMENTS:
            raise Fault(f"more than {MAX_SEGMENTS} segments")
        segments.append(_segment(one, number, separators))
    return Message(tuple(segments))


def peek(data: bytes) -> Segment:
    """Read the MSH alone, before the character set is known: for its addresses. Raises `Fault`."""
    if data[:3] != b"MSH":
        raise Fault(
            "a message begins with MSH",
            where=Location(_HEADER),
            condition=Condition.SEGMENT_SEQUENCE,
        )
    line = _ENDS.split(data[: 1 << 16].decode("latin-1"), 1)[0]
    return _segment(line, 1, Separators.announced(line, "latin-1"))


def write(message: Message, *, character_set: str | None = None) -> bytes:
    """Write a message in the character set of its MSH-18. Raises `Fault`: that lacks a sign."""
    signs = message.separators
    lines = [signs.field.join((one.name, *_fields(one))) for one in message.segments]
    name = message.header.text(_CHARACTER_SET) if character_set is None else character_set
    return charset.encoded("".join(f"{line}\r" for line in lines), name)


def segment(
    name: str, fields: Mapping[int, str | Field], separators: Separators | None = None
) -> Segment:
    """Make a segment: a text is one sub-component, whatever signs it has."""
    signs = separators or DEFAULT
    raw = [""] * max(fields, default=0)
    for number, value in fields.items():
        raw[number - 1] = signs.written(value) if isinstance(value, str) else _joined(value, signs)
    return Segment(name, _without_end(raw), signs)


def header(fields: Mapping[int, str | Field], separators: Separators | None = None) -> Segment:
    """Make an MSH: its first two fields are the delimiters."""
    signs = separators or DEFAULT
    made = segment(_HEADER, fields, signs)
    return Segment(_HEADER, (signs.field, signs.encoding, *made.raw[2:]), signs)


def _joined(field: Field, signs: Separators) -> str:
    return signs.repetition.join(
        signs.component.join(
            signs.subcomponent.join(signs.written(text) for text in component)
            for component in repetition
        )
        for repetition in field
    )


def _declared(line: str) -> str:
    if len(line) < 4:  # noqa: PLR2004 (MSH|)
        return ""
    fields = line.split(line[3])
    if len(fields) < _CHARACTER_SET:
        return ""
    repetition = line[5] if len(line) > 5 else "~"  # noqa: PLR2004 (MSH|^~)
    return fields[_CHARACTER_SET - 1].split(repetition)[0].strip()


def _lines(text: str, ends: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find(ends, start)
        end = len(text) if end < 0 else end
        line = text[start:end].strip("\n")
        if line.strip():
            yield line
        start = end + 1


def _segment(line: str, number: int, signs: Separators) -> Segment:
    name = line[:3]
    if not _NAME.fullmatch(name) or line[3:4] not in {"", signs.field}:
        raise Fault(
            f"line {number} is no segment: a name of three signs and a delimiter",
            condition=Condition.SEGMENT_SEQUENCE,
        )
    if line.count(signs.field) > MAX_FIELDS:
        raise Fault(f"more than {MAX_FIELDS} fields", where=Location(name))
    if name == _HEADER:
        if number > 1:
            raise Fault(
                "a second MSH: one message in one block",
                where=Location(_HEADER, occurrence=2),
                condition=Condition.SEGMENT_SEQUENCE,
            )
        return Segment(name, _without_end([signs.field, *line[4:].split(signs.field)]), signs)
    return Segment(name, _without_end(line[4:].split(signs.field)), signs)


def _fields(one: Segment) -> tuple[str, ...]:
    return one.raw[1:] if one.name == _HEADER else one.raw


def _without_end(raw: list[str]) -> tuple[str, ...]:
    while raw and not raw[-1]:
        raw.pop()
    return tuple(raw)
