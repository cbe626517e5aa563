"""Results as a guest reads them: nothing that names a device, a login or another patient."""

from typing import cast

from archipel.protocols.web.portal.models import (
    AddendumText,
    Language,
    LookView,
    PatientLinkView,
    PortalReport,
    PortalSessionView,
    ResultBrief,
    ResultView,
    SectionText,
)
from archipel.protocols.web.portal.services import PortalServices
from archipel.protocols.web.views import banner
from archipel.reading.document import KeptDocument
from archipel.results.model import Content, Guest, Link, Look
from archipel.results.portal import Opened


def session_view(guest: Guest, services: PortalServices) -> PortalSessionView:
    """Return who came in."""
    link = guest.link
    return PortalSessionView(
        audience=link.audience.value,
        name=link.recipient.name,
        language=cast("Language", link.recipient.language),
        link=link.id,
        csrf_token=guest.csrf,
        expires_at=guest.expires_at,
        server_time=services.clock(),
        community=services.community,
        demo=services.demo,
    )


def brief(opened: Opened, services: PortalServices) -> ResultBrief:
    """Return one line of the list."""
    link, release, now = opened.link, opened.release, services.clock()
    who = banner(opened.exam)
    told = release is not None and release.told(link.audience, now)
    return ResultBrief(
        link=link.id,
        content=link.content.value,
        expires_at=link.expires_at,
        patient_family_name=who.family_name,
        patient_given_name=who.given_name,
        patient_sex=who.sex,
        patient_birth_date=who.birth_date,
        organisation=opened.organisation,
        modalities=list(opened.exam.modalities),
        description=opened.exam.description,
        study_at=opened.exam.studied,
        state="told" if told else "waiting",
        told_at=release.told_at(link.audience) if release else None,
        provisional=release is not None and not release.final,
        opened=link.opened_at is not None,
        acknowledged_at=link.acknowledged_at,
        announced=release is not None and release.announced_at is not None,
    )


def result_view(opened: Opened, services: PortalServices) -> ResultView:
    """Return one result, opened."""
    content = opened.link.content
    report = report_view(opened.report, content) if opened.report else None
    return ResultView(**brief(opened, services).model_dump(), report=report)


def report_view(kept: KeptDocument, content: Content) -> PortalReport:
    """Return the report as text; captions only of images that the link opens."""
    document = kept.document
    images = document.key_images if content.holds(Content.KEY_IMAGES) else ()
    return PortalReport(
        state=document.state.value,
        signer=document.signer.name,
        signed_at=document.signed_at,
        plain_words=document.plain_words,
        important=document.important,
        sections=[SectionText(code=one.code.value, text=one.words) for one in document.sections],
        addenda=[
            AddendumText(text=one.words, signer=one.signer.name, signed_at=one.signed_at)
            for one in document.addenda
        ],
        key_images=[one.caption for one in images],
    )


def look_view(look: Look) -> LookView:
    """Return one visit."""
    return LookView(
        sequence=look.sequence,
        at=look.at,
        who=look.who,
        what=look.what,
        organisation=look.organisation,
        mine=look.mine,
    )


def link_view(link: Link, guest: Guest) -> PatientLinkView:
    """Return a link as the patient sees it; no mail address."""
    return PatientLinkView(
        link=link.id,
        audience=link.audience.value,
        name=link.recipient.name,
        content=link.content.value,
        created_at=link.created_at,
        expires_at=link.expires_at,
        uses=link.uses,
        opened_at=link.opened_at,
        mine=link.id == guest.link.id,
    )
