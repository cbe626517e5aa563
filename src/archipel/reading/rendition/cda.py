"""The report as a clinical document: the model's sections in the places of the French volet."""

from archipel.reading.document import Document, KeptDocument, uid_of
from archipel.reading.model import LOINC, ReportState, SectionCode
from archipel.reading.rendition.people import day, name_parts
from archipel.reading.rendition.words import words_of
from archipel.standards.cda import imaging_report as cda

TEMPLATES: dict[SectionCode, tuple[str, ...]] = {
    SectionCode.INDICATION: ("1.2.840.10008.9.2", "1.2.250.1.213.1.1.2.205"),
    SectionCode.TECHNIQUE: ("1.2.840.10008.9.3", "1.2.250.1.213.1.1.2.206"),
    SectionCode.COMPARISON: ("1.2.840.10008.9.4", "1.2.250.1.213.1.1.2.207"),
    SectionCode.FINDINGS: ("2.16.840.1.113883.10.20.6.1.2", "1.2.250.1.213.1.1.2.208"),
    SectionCode.CONCLUSION: ("1.2.840.10008.9.5", "1.2.250.1.213.1.1.2.209"),
    SectionCode.ADDENDUM: ("1.2.840.10008.9.6", "1.2.250.1.213.1.1.2.210"),
}
PLAIN_WORDS = ("34895-3", "1.2.250.1.213.1.1.2.107")


def clinical_document(kept: KeptDocument, pdf: bytes) -> bytes:
    """Write the report as CDA R2, with `pdf` inside as a linked document."""
    document, digest = kept.document, kept.version.digest
    examination, subject, signer = document.examination, document.subject, document.signer
    words = words_of(document.language)
    family, given = name_parts(subject.name)
    accession = examination.accession
    exam = str(document.exam)
    return cda.write(
        cda.ImagingReport(
            oid=uid_of(digest, "cda").value,
            set_oid=uid_of(exam, "cda set").value,
            version=1 + len(document.parents) + len(document.addenda),
            replaces=[uid_of(parent, "cda").value for parent in document.parents],
            appends=document.state is ReportState.ADDENDUM,
            language="fr-FR" if document.language == "fr" else document.language,
            title=examination.description or words.report,
            at=document.signed_at,
            patient=cda.Patient(
                root=_oid(subject.identifier.issuer.namespace),
                identifier=subject.identifier.value,
                family=family,
                given=given,
                sex=subject.sex,
                born=day(subject.birth_date),
            ),
            author=cda.Party(
                identifier=uid_of(f"{signer.organisation} {signer.login}", "person").value,
                name=signer.name,
                rpps=signer.rpps,
                organisation=signer.organisation_name,
                finess=signer.finess,
            ),
            custodian=examination.custodian_name,
            custodian_finess=examination.custodian_finess,
            custodian_oid=uid_of(document.exam.tenant.value, "organisation").value,
            authenticated=document.state is not ReportState.PRELIMINARY,
            study=cda.Study(
                uid=document.exam.study.value,
                accession=accession.value if accession else "",
                accession_root=_oid(accession.issuer.namespace) if accession else "",
                description=examination.description or words.report,
                modalities=examination.modalities,
            ),
            sections=_sections(document),
            pdf=pdf,
        )
    )


def _sections(document: Document) -> list[cda.Section]:
    words = words_of(document.language)
    made = [
        cda.Section(
            code=LOINC[SectionCode.ADDENDUM][0],
            name=LOINC[SectionCode.ADDENDUM][1],
            templates=TEMPLATES[SectionCode.ADDENDUM],
            title=words.addendum,
            text=f"{one.words.strip()}\n{one.signer.name}",
        )
        for one in document.addenda
    ]
    made += [
        cda.Section(
            code=LOINC[section.code][0],
            name=LOINC[section.code][1],
            templates=TEMPLATES[section.code],
            title=words.sections[section.code],
            text=section.words,
        )
        for section in document.sections
    ]
    if document.plain_words:
        loinc, template = PLAIN_WORDS
        made.append(
            cda.Section(
                code=loinc,
                name="Education note",
                templates=(template,),
                title=words.plain,
                text=document.plain_words,
            )
        )
    return made


def _oid(namespace: str) -> str:
    """Return an issuer's OID; where it is a name, an OID that stands for that name here."""
    if namespace.replace(".", "").isdigit() and "." in namespace:
        return namespace
    return uid_of(namespace, "issuer").value
