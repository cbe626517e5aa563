"""Make the document of a signature out of a draft, the exam, and what was signed before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from archipel.access.model import Organisation
from archipel.reading.document import (
    Addendum,
    Document,
    Examination,
    Signer,
    Standing,
    Subject,
)
from archipel.reading.errors import NothingToAmend, ReportClosed
from archipel.reading.model import (
    Draft,
    Exam,
    KeyImage,
    Purpose,
    ReportState,
    Section,
    SectionCode,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """The signature itself."""

    signer: Signer
    at: datetime
    preliminary: bool
    fence: int
    stale: bool
    accepted: tuple[str, ...]
    language: str
    node: str
    request: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was signed before: what stands, and the documents of its heads by digest."""

    standing: Standing
    documents: Mapping[str, Document]

    @property
    def principal(self) -> Document | None:
        """The document that stands."""
        standing = self.standing.principal
        return self.documents[standing.digest] if standing else None


def compose(
    exam: Exam, draft: Draft, act: Act, *, before: Before, owner: Organisation
) -> Document:
    """Make the whole document. Raises `ReportClosed`, `NothingToAmend`."""
    base = before.principal
    amends = base is not None and base.state is not ReportState.PRELIMINARY
    if draft.purpose is Purpose.REPORT and amends and not act.stale:
        raise ReportClosed(exam.id)
    if draft.purpose is not Purpose.REPORT and not amends:
        raise NothingToAmend(exam.id)
    kept = base if draft.purpose is Purpose.ADDENDUM else None
    return Document(
        examination=_examination(exam, owner),
        subject=Subject(
            name=exam.patient_name,
            sex=exam.sex,
            birth_date=exam.birth_date,
            identifier=exam.patient,
        ),
        state=_state(draft, act),
        sections=kept.sections if kept else _sections(draft),
        signer=act.signer,
        signed_at=act.at,
        fence=act.fence,
        stale=act.stale,
        parents=_parents(draft, before),
        addenda=_addenda(draft, act, before),
        key_images=_key_images(kept, draft),
        plain_words=draft.plain_words.strip() or (kept.plain_words if kept else ""),
        important=draft.important,
        reason=draft.reason.strip(),
        accepted=act.accepted,
        language=act.language,
        node=act.node,
        request=act.request or (base.request if base else None),
    )


def _examination(exam: Exam, owner: Organisation) -> Examination:
    return Examination(
        exam=exam.id,
        custodian_name=owner.name,
        custodian_finess=owner.finess,
        accession=exam.accession,
        description=exam.description,
        modalities=exam.modalities,
        body_part=exam.body_part,
        referring_physician=exam.referring_physician,
        studied=exam.studied,
    )


def _state(draft: Draft, act: Act) -> ReportState:
    if act.preliminary:
        return ReportState.PRELIMINARY
    return {
        Purpose.REPORT: ReportState.FINAL,
        Purpose.ADDENDUM: ReportState.ADDENDUM,
        Purpose.CORRECTION: ReportState.CORRECTED,
    }[draft.purpose]


def _sections(draft: Draft) -> tuple[Section, ...]:
    """Keep what says something, in the order of a report."""
    written = {one.code: one for one in draft.sections if one.words.strip()}
    return tuple(
        written[code]
        for code in SectionCode
        if code in written and code is not SectionCode.ADDENDUM
    )


def _parents(draft: Draft, before: Before) -> tuple[str, ...]:
    """Name what this is written upon.

    A first report: what was preliminary. An addendum: every head with the text that it is added
    to. A correction: every head, for who corrects has seen them all.
    """
    base, heads = before.principal, before.standing.heads
    if draft.purpose is Purpose.REPORT:
        chosen = [one for one in heads if one.state is ReportState.PRELIMINARY]
    elif draft.purpose is Purpose.ADDENDUM:
        assert base is not None  # noqa: S101  (compose asked)
        chosen = [
            one
            for one in heads
            if not one.stale and before.documents[one.digest].sections == base.sections
        ]
    else:
        chosen = list(heads)
    return tuple(sorted(one.digest for one in chosen))


def _addenda(draft: Draft, act: Act, before: Before) -> tuple[Addendum, ...]:
    if draft.purpose is Purpose.REPORT:
        return ()
    parents = _parents(draft, before)
    known = {one for digest in parents for one in before.documents[digest].addenda}
    former = sorted(known, key=lambda one: (one.signed_at, one.signer.login, one.words))
    if draft.purpose is Purpose.CORRECTION:
        return tuple(former)
    added = next((s.blocks for s in draft.sections if s.code is SectionCode.ADDENDUM), ())
    return (*former, Addendum(blocks=added, signer=act.signer, signed_at=act.at))


def _key_images(kept: Document | None, draft: Draft) -> tuple[KeyImage, ...]:
    former = kept.key_images if kept else ()
    return (*former, *(one for one in draft.key_images if one not in former))
