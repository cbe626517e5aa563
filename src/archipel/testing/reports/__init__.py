"""Signed reports for tests: plausible, French, invented (TEST-)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from archipel.kernel.identifiers import AccessionNumber, Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.reading import canonical
from archipel.reading.document import (
    Addendum,
    Document,
    Examination,
    KeptDocument,
    Signer,
    Subject,
)
from archipel.reading.model import (
    ExamId,
    KeyImage,
    Measurement,
    ReportState,
    Section,
    SectionCode,
    Text,
    Window,
)
from archipel.reading.sign import version_of

STUDY, SERIES, IMAGE = Uid("1.2.3"), Uid("1.2.3.4"), Uid("1.2.3.4.5")
SIGNER = Signer(
    login="letchimy",
    name="Dr J. TEST-LETCHIMY",
    organisation=TenantId("north"),
    organisation_name="CHU TEST de Martinique",
    rpps="10000023084",
    finess="920008059",
)
NODULE = Measurement(
    id="2.25.1",
    label="nodule",
    value=17.2,
    unit="mm",
    study=STUDY,
    series=SERIES,
    sop_instance=IMAGE,
    frame=1,
)


def section(code: SectionCode, *blocks: Text | Measurement | str) -> Section:
    """Make a section of words and measurements."""
    made = tuple(Text(text=one) if isinstance(one, str) else one for one in blocks)
    return Section(code=code, blocks=made)


SECTIONS = (
    section(
        SectionCode.INDICATION,
        "Suivi d'un nodule lobaire supérieur droit. Altération de l'état général.",
    ),
    section(
        SectionCode.TECHNIQUE,
        "Acquisition volumique thoracique de 1 mm, sans injection. PDL : 148 mGy.cm.",
    ),
    section(SectionCode.COMPARISON, "Scanner du 14/11/2024 (Guadeloupe)."),
    section(
        SectionCode.FINDINGS,
        "Lobe supérieur droit : ",
        NODULE,
        ", spiculé, contre 8,1 mm en 2024.\nPas d'adénomégalie < 10 mm & pas d'épanchement.",
    ),
    section(
        SectionCode.CONCLUSION,
        "Croissance d'un nodule spiculé du lobe supérieur droit, hautement suspecte.\n"
        "Proposition : TEP-TDM et RCP thoracique.",
    ),
)


def report_document(**said: Any) -> Document:
    """Make a signed report with what is said, the rest being plausible."""
    exam = said.pop("exam", ExamId(TenantId("north"), STUDY))
    plain = Document(
        examination=Examination(
            exam=exam,
            custodian_name="CHU TEST de Martinique",
            custodian_finess="920008059",
            accession=AccessionNumber("A-2026-0042", Issuer("north")),
            description="Scanner thoracique",
            modalities=("CT",),
            body_part="CHEST",
            referring_physician="TEST-POMMIER^Guy",
            studied=datetime(2026, 11, 24, 9, 30),  # noqa: DTZ001  (local, as DICOM says)
        ),
        subject=Subject(
            name="TEST-HIBISCUS^Josiane",
            sex="F",
            birth_date="19600312",
            identifier=PatientIdentifier("P42", Issuer("1.2.250.1.999.1")),
        ),
        state=ReportState.FINAL,
        sections=SECTIONS,
        signer=SIGNER,
        signed_at=datetime(2026, 11, 24, 14, 31, 58, tzinfo=UTC),
        fence=1,
        stale=False,
        key_images=(
            KeyImage(
                study=exam.study,
                series=SERIES,
                sop_instance=IMAGE,
                frame=1,
                window=Window(center=-600.0, width=1500.0),
                caption="Nodule du lobe supérieur droit",
            ),
        ),
        plain_words="Le nodule de votre poumon droit a grossi. Votre médecin vous en parlera.",
        node="mq",
    )
    return replace(plain, **said)


def addendum(text: str, *, at: datetime) -> Addendum:
    """Make an addendum."""
    return Addendum(blocks=(Text(text=text),), signer=SIGNER, signed_at=at)


def kept(document: Document) -> KeptDocument:
    """Give a document as a store would."""
    return KeptDocument(
        document=document, version=version_of(document), content=canonical.write(document)
    )
