"""What de-identification promises for any data set."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from archipel.kernel.errors import ArchipelError
from archipel.standards.dicom.dataset import DataSet, Element, read, write
from archipel.standards.dicom.deidentify.apply import NotDeidentifiable, Task, deidentify
from archipel.standards.dicom.deidentify.dates import shifted
from archipel.standards.dicom.deidentify.profile import Profile
from archipel.standards.dicom.deidentify.pseudonyms import Pseudonyms
from archipel.standards.dicom.deidentify.table import Option
from archipel.standards.dicom.dictionary import entry_of, tag_of
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN

NAME, GIVEN, IDENTIFIER = "KERVOZEC", "Tiphanie", "TEST-908172635"
PLANTED = [f"{NAME}^{GIVEN}", IDENTIFIER, f"vu {GIVEN} le 12", f"x{IDENTIFIER}y", NAME.lower()]
SECRETS = [
    one.encode(form)
    for one in (NAME, GIVEN, IDENTIFIER, NAME.lower(), GIVEN.upper())
    for form in ("utf-8", "utf-16-le")
]
TEXT_VRS = ["AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT", "DS", "IS", "DA", "TM"]
BINARY = ["OB", "OW", "UN"]
EXCLUSIVE = {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES}

options = st.frozensets(st.sampled_from(list(Option))).filter(lambda one: not one >= EXCLUSIVE)
uids = st.lists(st.integers(0, 99), min_size=2, max_size=5).map(
    lambda n: "1.3." + ".".join(map(str, n))
)
standard_tags = st.sampled_from(
    [0x08, 0x10, 0x12, 0x18, 0x20, 0x28, 0x32, 0x38, 0x40, 0x54, 0x70, 0x88]
).flatmap(lambda group: st.integers(0x0005, 0x9FFF).map(lambda element: group << 16 | element))
private_tags = st.integers(0x10, 0x40FF).map(lambda element: 0x00090000 | element)
KEYWORDS = """
PatientName OtherPatientIDs PatientComments StudyDescription SeriesDescription ImageType CodeValue
ProtocolName StationName DeviceSerialNumber InstitutionName TextValue BodyPartExamined CodeMeaning
ContrastBolusAgent ImageComments RequestAttributesSequence FrameComments LUTExplanation KVP
ContentSequence OriginalAttributesSequence Manufacturer PatientState StudyDate SoftwareVersions
AcquisitionDateTime TemporalPositionIndex SpecificCharacterSet
"""
listed = st.sampled_from([tag for one in KEYWORDS.split() if (tag := tag_of(one)) is not None])


@st.composite
def datasets(draw: st.DrawFn, depth: int = 2) -> DataSet:
    made = DataSet()
    for tag in draw(st.lists(st.one_of(standard_tags, private_tags, listed), max_size=8)):
        entry = entry_of(tag)
        if entry is not None and entry.vrs == ("SQ",):
            if depth:
                made.set_items(tag, draw(st.lists(datasets(depth - 1), max_size=2)))
            continue
        text = draw(st.sampled_from(PLANTED))
        if draw(st.booleans()):
            vr = draw(st.sampled_from(TEXT_VRS))
            made.elements[tag] = Element(vr, (text + " " * (len(text) % 2)).encode())
        else:
            raw = text.encode(draw(st.sampled_from(["utf-8", "utf-16-le"])))
            made.elements[tag] = Element(
                draw(st.sampled_from(BINARY)), raw + b"\0" * (len(raw) % 2)
            )
    return made


def of_patient(dataset: DataSet) -> DataSet:
    dataset.set_text(0x00100010, f"{NAME}^{GIVEN}")
    dataset.set_text(0x00100020, IDENTIFIER)
    return dataset


def task(chosen: frozenset[Option], key: bytes = b"k" * 32) -> Task:
    return Task(profile=Profile(chosen), pseudonyms=Pseudonyms(key))


@settings(max_examples=60)
@given(datasets(), options)
def test_nothing_known_of_the_patient_is_in_any_byte(
    dataset: DataSet, chosen: frozenset[Option]
) -> None:
    try:
        done = deidentify(of_patient(dataset), task(chosen))
    except NotDeidentifiable:
        return  # nothing leaves

    raw = write(done, EXPLICIT_VR_LITTLE_ENDIAN)
    assert [secret for secret in SECRETS if secret in raw] == []


@settings(max_examples=60)
@given(datasets(), options)
def test_the_same_input_and_key_give_the_same_bytes(
    dataset: DataSet, chosen: frozenset[Option]
) -> None:
    def once() -> bytes | str:
        try:
            done = deidentify(of_patient(dataset), task(chosen))
        except ArchipelError as refusal:
            return str(refusal)
        return write(done, EXPLICIT_VR_LITTLE_ENDIAN)

    assert once() == once()


@settings(max_examples=40)
@given(datasets())
def test_what_was_written_is_read_again(dataset: DataSet) -> None:
    try:
        done = deidentify(of_patient(dataset), task(frozenset()))
    except NotDeidentifiable:
        return

    raw = write(done, EXPLICIT_VR_LITTLE_ENDIAN)
    assert write(read(raw, EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN) == raw


@given(st.lists(st.tuples(uids, uids), min_size=1, max_size=6))
def test_references_make_the_same_graph(pairs: list[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for own, other in pairs:
        dataset = of_patient(DataSet())
        dataset.set_text(0x00080018, own)
        reference = DataSet()
        reference.set_text(0x00081155, other)
        dataset.set_items(0x00081140, [reference])

        done = deidentify(dataset, task(frozenset()))

        mapped = {own: done.text(0x00080018), other: done.items(0x00081140)[0].text(0x00081155)}
        for original, now in mapped.items():
            assert seen.setdefault(original, now) == now
    assert len(set(seen.values())) == len(seen)
    assert not set(seen) & set(seen.values())


@given(
    st.dates(date(1920, 1, 1), date(2100, 1, 1)),
    st.dates(date(1920, 1, 1), date(2100, 1, 1)),
    st.text(min_size=1, max_size=12),
)
def test_intervals_stay(first: date, second: date, subject: str) -> None:
    days = Pseudonyms(b"k" * 32).earlier_days(subject)
    a = shifted(f"{first:%Y%m%d}", "DA", earlier_days=days)
    b = shifted(f"{second:%Y%m%d}120000.5+0200", "DT", earlier_days=days)

    def parsed(text: str) -> date:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))

    assert parsed(b) - parsed(a) == second - first
    assert first - parsed(a) == timedelta(days=days)
    assert b.endswith("120000.5+0200")
    assert 30 <= days <= 3650


@given(st.text(max_size=26), st.sampled_from(["DA", "DT", "TM"]), st.integers(0, 4000))
def test_no_text_is_a_date_by_force(text: str, vr: str, days: int) -> None:
    moved = shifted(text, vr, earlier_days=days)

    assert moved == "" or len(moved) <= 26
