"""The report as DICOM objects that are stored with its exam."""

from collections.abc import Mapping

from archipel.kernel.actors import Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.uid import Uid
from archipel.reading.document import KeptDocument, uid_of
from archipel.reading.model import ReportState
from archipel.reading.ports import Pictures
from archipel.reading.rendition.words import words_of
from archipel.standards.dicom import dataset
from archipel.standards.dicom.document import (
    ENCAPSULATED_PDF,
    KEY_OBJECT_SELECTION,
    Placed,
    Reference,
    encapsulated_pdf,
    key_object,
)
from archipel.standards.dicom.part10 import meta
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN

SYNTAX = Uid(EXPLICIT_VR_LITTLE_ENDIAN)
PDF_SERIES, KEY_SERIES = 9001, 9002  # far from what modalities number


def report_object(kept: KeptDocument, pdf: bytes) -> bytes:
    """Write the report as an Encapsulated PDF, a Part 10 file of its own series."""
    words = words_of(kept.document.language)
    placed = _placed(kept, "pdf", PDF_SERIES, words.report)
    title = kept.document.examination.description or words.report
    verified = kept.document.state is not ReportState.PRELIMINARY
    made = encapsulated_pdf(placed, pdf, title=title, verified=verified)
    return _file(ENCAPSULATED_PDF, placed, made)


def key_images_object(kept: KeptDocument, *, pictures: Pictures, scope: Scope) -> bytes:
    """Write the key images as a Key Object Selection, a Part 10 file of its own series.

    Images not held here are left out. Raises `NotFound` when none is left.
    """
    references = []
    for image in kept.document.key_images:
        sop_class = pictures.sop_class(image, scope=scope)
        if sop_class is not None:
            references.append(
                Reference(
                    study=image.study,
                    series=image.series,
                    sop_class=sop_class,
                    sop_instance=image.sop_instance,
                    frame=image.frame if image.frame > 1 else None,
                    caption=image.caption,
                )
            )
    if not references:
        raise NotFound("this version has no key images that are held on this node")
    words = words_of(kept.document.language)
    placed = _placed(kept, "key images", KEY_SERIES, words.images)
    captions = "\n".join(
        f"{number}. {one.caption}" for number, one in enumerate(references, 1) if one.caption
    )
    return _file(KEY_OBJECT_SELECTION, placed, key_object(placed, references, text=captions))


def _placed(kept: KeptDocument, use: str, number: int, description: str) -> Placed:
    document, digest = kept.document, kept.version.digest
    return Placed(
        study=_study(kept),
        study_uid=document.exam.study,
        series_uid=uid_of(digest, f"{use} series"),
        sop_instance=uid_of(digest, use),
        series_number=number,
        series_description=description,
        institution=document.signer.organisation_name,
        at=document.signed_at,
    )


def _study(kept: KeptDocument) -> Mapping[str, str]:
    """Give the attributes of patient and study as the images have them (PS3.3 C.7.1, C.7.2)."""
    document = kept.document
    examination, subject = document.examination, document.subject
    studied = examination.studied
    return {
        "PatientName": subject.name,
        "PatientID": subject.identifier.value,
        "PatientBirthDate": subject.birth_date,
        "PatientSex": subject.sex,
        "StudyDate": f"{studied:%Y%m%d}" if studied else "",
        "StudyTime": f"{studied:%H%M%S.%f}".removesuffix(".000000") if studied else "",
        "StudyID": "",
        "StudyDescription": examination.description,
        "AccessionNumber": examination.accession.value if examination.accession else "",
        "ReferringPhysicianName": examination.referring_physician,
    }


def _file(sop_class: Uid, placed: Placed, made: dataset.DataSet) -> bytes:
    head = meta(sop_class=sop_class, sop_instance=placed.sop_instance, transfer_syntax=SYNTAX)
    return head + dataset.write(made, SYNTAX.value)
