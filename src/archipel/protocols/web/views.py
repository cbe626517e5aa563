"""Exams as the front end reads them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from archipel.access.model import Visitor
from archipel.access.ports import Organisations
from archipel.kernel.identifiers import TenantId
from archipel.protocols.web.models.base import Urgency
from archipel.protocols.web.models.exam import (
    ClaimView,
    ExamRow,
    Images,
    PatientBanner,
    PriorMark,
    Priors,
    ReportMark,
    SeriesView,
)
from archipel.protocols.web.models.request import RequestMark
from archipel.protocols.web.models.session import OrganisationBrief
from archipel.protocols.web.words import day, name_parts, readable
from archipel.reading.model import Claim, Exam, ExamId, Prior, SeriesSummary

MARKS = 8
SEXES = ("F", "M", "O")


@dataclass(slots=True)
class Sites:
    """Names of organisations, each looked up once a request."""

    organisations: Organisations
    known: dict[TenantId, OrganisationBrief] = field(default_factory=dict)

    def of(self, tenant: TenantId) -> OrganisationBrief:
        """Return the organisation as a site; its key stands for a name that is not known."""
        if tenant not in self.known:
            found = self.organisations.organisation(tenant=tenant)
            name = found.name if found else tenant.value
            self.known[tenant] = OrganisationBrief(key=tenant.value, name=name)
        return self.known[tenant]


@dataclass(frozen=True, slots=True)
class ExamViews:
    """Turns exams into rows for one visitor."""

    visitor: Visitor
    sites: Sites
    community: str
    marks: Callable[[Collection[ExamId]], Mapping[ExamId, RequestMark]]
    guests: Mapping[TenantId, str]  # organisations that are at home on another node

    def rows(self, exams: Sequence[Exam]) -> list[ExamRow]:
        """Return the rows of exams, each with what is asked about it."""
        marks = self.marks([exam.id for exam in exams])
        return [self._row(exam, marks.get(exam.id)) for exam in exams]

    def row(self, exam: Exam) -> ExamRow:
        """Return the row of one exam."""
        return self.rows([exam])[0]

    def _row(self, exam: Exam, request: RequestMark | None) -> ExamRow:
        return ExamRow(
            exam=str(exam.id),
            study_instance_uid=exam.id.study.value,
            urgency=cast("Urgency", exam.urgency.name.lower()),
            status=exam.status.value,
            patient=banner(exam),
            modalities=list(exam.modalities),
            description=exam.description,
            body_part=exam.body_part,
            accession_number=exam.accession.value if exam.accession else "",
            referring_physician=readable(exam.referring_physician),
            site=self.sites.of(exam.id.tenant),
            community=self.community,
            study_at=exam.studied,
            arrived_at=exam.arrived_at,
            images=Images(
                received=exam.instances,
                series=exam.series,
                complete=exam.completed_at is not None,
                last_received_at=exam.last_received_at,
            ),
            priors=Priors(
                count=len(exam.priors), marks=[self._mark(p) for p in exam.priors[:MARKS]]
            ),
            claim=self.claim(exam.claim) if exam.claim else None,
            report=_report(exam),
            request=request,
            home_node=self.guests.get(exam.id.tenant),
        )

    def claim(self, claim: Claim) -> ClaimView:
        """Return a lease; only its holder is told the fence."""
        mine = claim.reader.login == self.visitor.person.login
        return ClaimView(
            exam=str(claim.exam),
            login=claim.reader.login,
            name=claim.reader.name,
            mine=mine,
            since=claim.since,
            until=claim.until,
            fence=claim.fence if mine else None,
        )

    def _mark(self, prior: Prior) -> PriorMark:
        return PriorMark(
            exam=str(prior.id),
            study_at=prior.studied,
            modalities=list(prior.modalities),
            body_part=prior.body_part,
            site=self.sites.of(prior.id.tenant),
            community=self.community,
        )


def banner(exam: Exam) -> PatientBanner:
    """Return who the patient is, as the exam's own images say."""
    family, given = name_parts(exam.patient_name)
    sex = exam.sex if exam.sex in SEXES else ""
    return PatientBanner(
        person=exam.person_key,
        family_name=family,
        given_name=given,
        name_as_sent=exam.patient_name,
        sex=cast("Literal['F', 'M', 'O', '']", sex),
        birth_date=day(exam.birth_date),
        identifier=exam.patient.value,
        issuer=exam.patient.issuer.namespace,
        identity_status=exam.identity.value,
    )


def series_view(exam: Exam, series: SeriesSummary) -> SeriesView:
    """Return one series; its thumbnail is the DICOMweb door's (PS3.18 section 10.4.1)."""
    at = f"/dicomweb/studies/{exam.id.study}/series/{series.series}"
    return SeriesView(
        series_instance_uid=series.series.value,
        number=series.number,
        modality=series.modality,
        description=series.description,
        body_part=series.body_part,
        images=series.instances,
        thumbnail_url=f"{at}/thumbnail",
    )


def _report(exam: Exam) -> ReportMark:
    head, signed = exam.report, exam.signed
    version = head.version if head else 0
    if signed is not None:
        return ReportMark(
            state=signed.state.value,
            version=version,
            author=signed.signer.name,
            saved_at=signed.signed_at,
            digest=signed.digest,
            contested=signed.contested,
        )
    if head is None:
        return ReportMark(state="none", version=0, author=None, saved_at=None)
    return ReportMark(
        state="draft", version=version, author=head.author.name, saved_at=head.saved_at
    )
