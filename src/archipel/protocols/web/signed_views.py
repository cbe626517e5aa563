"""Signed reports as the front end reads them."""

from typing import cast

from archipel.protocols.web.models.session import OrganisationBrief
from archipel.protocols.web.models.signing import (
    AddendumView,
    CheckView,
    DocumentView,
    RuleName,
    SignerView,
    StandingView,
    VersionView,
)
from archipel.protocols.web.report_views import key_image_view, section_views
from archipel.protocols.web.words import day, name_parts, readable
from archipel.reading.checks import Check
from archipel.reading.document import Document, KeptDocument, Signer, Standing, Version
from archipel.reading.rendition import Format


def check_view(check: Check) -> CheckView:
    """Return one check."""
    return CheckView(rule=check.rule.value, outcome=check.outcome.value, about=list(check.about))


def signed_version_view(version: Version) -> VersionView:
    """Return the head of one signed version."""
    undoable = version.released_at is None and version.withdrawn_at is None
    return VersionView(
        digest=version.digest,
        state=version.state.value,
        parents=list(version.parents),
        login=version.signer.login,
        name=version.signer.name,
        signed_at=version.signed_at,
        stale=version.stale,
        undo_until=version.release_at if undoable else None,
        released=version.released_at is not None,
        withdrawn=version.withdrawn_at is not None,
    )


def standing_view(standing: Standing) -> StandingView:
    """Return every version and which stands."""
    return StandingView(
        principal=standing.principal.digest if standing.principal else None,
        heads=[one.digest for one in standing.heads],
        contested=standing.contested,
        versions=[signed_version_view(one) for one in standing.versions],
    )


def document_view(kept: KeptDocument) -> DocumentView:
    """Return one signed version, whole."""
    document = kept.document
    family, given = name_parts(document.subject.name)
    examination = document.examination
    written = {section.code for section in document.sections}
    return DocumentView(
        version=signed_version_view(kept.version),
        title=examination.description,
        patient_family_name=family,
        patient_given_name=given,
        patient_sex=document.subject.sex,
        patient_birth_date=day(document.subject.birth_date),
        patient_identifier=document.subject.identifier.value,
        custodian=OrganisationBrief(
            key=document.exam.tenant.value, name=examination.custodian_name
        ),
        description=examination.description,
        modalities=list(examination.modalities),
        accession_number=examination.accession.value if examination.accession else "",
        referring_physician=readable(examination.referring_physician),
        study_at=examination.studied,
        sections=[
            view
            for view in section_views(document.sections)
            if view.code in {code.value for code in written}
        ],
        addenda=[
            AddendumView(text=one.words, signer=_signer_view(one.signer), signed_at=one.signed_at)
            for one in document.addenda
        ],
        key_images=[key_image_view(one) for one in document.key_images],
        plain_words=document.plain_words,
        important=document.important,
        reason=document.reason,
        signer=_signer_view(document.signer),
        accepted=cast("list[RuleName]", list(document.accepted)),
        formats=_formats(document),
    )


def _signer_view(signer: Signer) -> SignerView:
    return SignerView(
        login=signer.login,
        name=signer.name,
        rpps=signer.rpps,
        organisation=OrganisationBrief(
            key=signer.organisation.value, name=signer.organisation_name
        ),
    )


def _formats(document: Document) -> list[str]:
    return [one.value for one in Format if one is not Format.KEY_OBJECT or document.key_images]
