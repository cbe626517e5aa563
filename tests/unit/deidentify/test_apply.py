"""What de-identification makes of a data set."""

import pytest

from archipel.kernel.errors import Malformed
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.standards.dicom.deidentify.apply import NotDeidentifiable, Task, deidentify
from archipel.standards.dicom.deidentify.profile import Profile
from archipel.standards.dicom.deidentify.pseudonyms import Pseudonyms
from archipel.standards.dicom.deidentify.table import Option
from archipel.standards.dicom.dictionary import tag_of

KEY = Pseudonyms(b"k" * 32)
PATIENT = {"PatientName": "TEST-DUPONT^Zoé", "PatientID": "TEST-90817"}


def made(texts: dict[str, str]) -> DataSet:
    tags = {tag_of(keyword): text for keyword, text in {**PATIENT, **texts}.items()}
    return DataSet.from_texts({tag: text for tag, text in tags.items() if tag is not None})


def asked(*options: Option, key: Pseudonyms = KEY) -> Task:
    return Task(profile=Profile(frozenset(options)), pseudonyms=key)


def said(dataset: DataSet, keyword: str) -> str:
    tag = tag_of(keyword)
    assert tag is not None
    return dataset.text(tag)


def test_it_says_how_it_was_done() -> None:
    done = deidentify(made({}), asked(Option.CLEAN_DESCRIPTORS, Option.RETAIN_MODIFIED_DATES))

    codes = [item.text(0x00080100) for item in done.items(0x00120064)]
    assert said(done, "PatientIdentityRemoved") == "YES"
    assert codes == ["113100", "113105", "113107"]
    assert said(done, "LongitudinalTemporalInformationModified") == "MODIFIED"


@pytest.mark.parametrize(
    ("options", "word"),
    [((), "REMOVED"), ((Option.RETAIN_FULL_DATES,), "UNMODIFIED")],
)
def test_it_says_what_became_of_time(options: tuple[Option, ...], word: str) -> None:
    done = deidentify(made({"StudyDate": "20260102"}), asked(*options))

    assert said(done, "LongitudinalTemporalInformationModified") == word
    assert said(done, "StudyDate") == ("20260102" if options else "")


def test_dates_cannot_be_kept_and_shifted() -> None:
    with pytest.raises(Malformed):
        Profile(frozenset({Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES}))


def test_a_patient_has_one_pseudonym_in_a_project_and_another_in_the_next() -> None:
    one = deidentify(made({}), asked())
    again = deidentify(made({"StudyDescription": "IRM"}), asked())
    elsewhere = deidentify(made({}), asked(key=KEY.of_project("other")))

    assert said(one, "PatientID") == said(again, "PatientID") == said(one, "PatientName")
    assert said(one, "PatientID") != said(elsewhere, "PatientID")
    assert said(one, "PatientID").startswith("P")


def test_a_name_in_a_description_that_the_profile_keeps_is_found() -> None:
    done = deidentify(made({"ContrastBolusAgent": "Iomeron for Dupont"}), asked())

    assert said(done, "ContrastBolusAgent") == "Removed"


def test_descriptors_keep_the_words_that_identify_nobody() -> None:
    texts = {"SeriesDescription": "SCANNER THORAX sans IV Mme Dupont 12/03/1955 5.0 mm"}

    done = deidentify(made(texts), asked(Option.CLEAN_DESCRIPTORS))

    assert said(done, "SeriesDescription") == "SCANNER THORAX sans IV 5.0 mm"
    assert said(deidentify(made(texts), asked()), "SeriesDescription") == ""


def test_references_in_sequences_still_point_to_what_they_did() -> None:
    dataset = made({"SOPInstanceUID": "1.2.3.4", "StudyInstanceUID": "1.2.3"})
    reference = DataSet()
    reference.set_text(0x00081150, "1.2.840.10008.5.1.4.1.1.2")
    reference.set_text(0x00081155, "1.2.3.4")
    dataset.set_items(0x00081140, [reference])

    done = deidentify(dataset, asked())

    named = done.items(0x00081140)[0]
    assert named.text(0x00081155) == said(done, "SOPInstanceUID") != "1.2.3.4"
    assert named.text(0x00081150) == "1.2.840.10008.5.1.4.1.1.2"
    assert said(done, "StudyInstanceUID").startswith("2.25.")


def test_private_attributes_go_and_the_safe_ones_stay_where_wished() -> None:
    dataset = made({})
    dataset.set_text(0x00190010, "SIEMENS MR HEADER", vr="LO")
    dataset.set_text(0x0019100C, "1000", vr="IS")
    dataset.set_text(0x00191008, "TEST-DUPONT", vr="LO")

    assert not [tag for tag in deidentify(dataset, asked()) if tag >> 16 & 1]
    kept = deidentify(dataset, asked(Option.RETAIN_SAFE_PRIVATE))
    assert [tag for tag in kept if tag >> 16 & 1] == [0x00190010, 0x0019100C]


def test_structured_content_keeps_measures_and_loses_text() -> None:
    number, text = DataSet(), DataSet()
    for item, kind in ((number, "NUM"), (text, "TEXT")):
        item.set_text(0x0040A010, "CONTAINS")
        item.set_text(0x0040A040, kind)
    value = DataSet()
    value.set_text(0x0040A30A, "12.5")
    number.set_items(0x0040A300, [value])
    text.set_text(0x0040A160, "Vu avec Mme Dupont")
    dataset = made({})
    dataset.set_items(0x0040A730, [number, text])

    plain = deidentify(dataset, asked()).items(0x0040A730)
    clean = deidentify(dataset, asked(Option.CLEAN_STRUCTURED_CONTENT)).items(0x0040A730)

    assert [item.text(0x0040A040) for item in clean] == ["NUM", "TEXT"]
    assert clean[0].items(0x0040A300)[0].text(0x0040A30A) == "12.5"
    assert clean[1].text(0x0040A160) == "Removed"
    assert plain[0].items(0x0040A300)[0].text(0x0040A30A) == "0"


def test_outlines_stay_and_writing_in_overlays_goes() -> None:
    dataset = made({})
    for group, kind in ((0x60000000, "R"), (0x60020000, "G")):
        dataset.set_text(group | 0x0040, kind, vr="CS")
        dataset.elements[group | 0x3000] = Element("OW", b"\1\0")

    done = deidentify(dataset, asked(Option.CLEAN_GRAPHICS))

    assert 0x60003000 in done
    assert 0x60023000 not in done
    assert 0x60003000 not in deidentify(dataset, asked())


def test_a_document_is_refused() -> None:
    dataset = made({})
    dataset.elements[0x00420011] = Element("OB", b"%PDF")

    with pytest.raises(NotDeidentifiable):
        deidentify(dataset, asked())


def test_a_name_within_encoded_pixels_refuses_all() -> None:
    dataset = made({})
    dataset.elements[0x7FE00010] = Element(
        "OB", b"\xff\xd8\xff\xfe test-dupont", encapsulated=True
    )

    with pytest.raises(NotDeidentifiable):
        deidentify(dataset, asked())


def test_what_no_dictionary_knows_goes() -> None:
    dataset = made({})
    dataset.set_text(0x00080001, "anything", vr="LO")
    dataset.set_text(0x30065432, "anything", vr="LO")

    done = deidentify(dataset, asked())

    assert 0x30065432 not in done
