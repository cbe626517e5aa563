"""Transfers, foreign exams and other nodes as the front end reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from archipel.archive.model import StudyKey
from archipel.exchange.links import Line
from archipel.exchange.timeline import Elsewhere, ForeignStudy, Origin, Progress, Reach
from archipel.exchange.transfer import CANCELLABLE, RESUMABLE, Transfer, TransferState
from archipel.protocols.web.models.transfer import (
    ElsewhereExam,
    NodeReach,
    Provenance,
    TransferView,
)
from archipel.protocols.web.views import Sites
from archipel.protocols.web.words import readable
from archipel.reading.model import ExamId


@dataclass(frozen=True, slots=True)
class TransferViews:
    """Turns what exchange knows into views for one visitor."""

    elsewhere: Elsewhere
    sites: Sites

    def transfers(self, wanted: Sequence[Transfer]) -> list[TransferView]:
        """Return transfers with their progress."""
        return [self._transfer(one) for one in self.elsewhere.progress(wanted)]

    def exams(
        self, studies: Sequence[ForeignStudy], wanted: Sequence[Transfer]
    ) -> list[ElsewhereExam]:
        """Return foreign exams, each with the last fetch of it."""
        latest: dict[StudyKey, Transfer] = {}
        for one in sorted(wanted, key=lambda one: one.wanted_at):
            latest[one.key] = one
        shown = {
            one.key: view
            for one, view in zip(
                latest.values(), self.transfers(list(latest.values())), strict=True
            )
        }
        up = {one.node for one in self.elsewhere.reach() if one.line is Line.UP}
        return [self._exam(one, shown, up=one.home in up) for one in studies]

    def nodes(self, every: Sequence[Reach]) -> list[NodeReach]:
        """Return how far each other node's word goes."""
        return [
            NodeReach(
                node=one.node.value,
                sites=[self.sites.of(tenant) for tenant in one.tenants],
                line=one.line.value,
                since=one.since,
                heard_at=one.heard_at,
                shares=one.shares,
                complete=one.line is Line.UP,
            )
            for one in every
        ]

    def _transfer(self, told: Progress) -> TransferView:
        one = told.transfer
        return TransferView(
            transfer=one.id,
            exam=str(ExamId(one.key.tenant, one.key.study)),
            from_node=one.from_node,
            site=self.sites.of(one.key.tenant),
            wanted_by=self.sites.of(one.wanted_by),
            of_class=one.of_class.value,
            state=one.state.value,
            done_bytes=one.size_bytes if one.state is TransferState.PUBLISHED else one.done_bytes,
            size_bytes=one.size_bytes or None,
            percent=one.percent,
            rate_bytes_per_s=told.rate_bytes_per_s,
            eta_s=told.due_in_s,
            viewable=one.low_whole,
            detail=one.detail,
            wanted_at=one.wanted_at,
            changed_at=one.changed_at,
            can_cancel=one.state in CANCELLABLE,
            can_resume=one.state in RESUMABLE,
        )

    def _exam(
        self, one: ForeignStudy, transfers: Mapping[StudyKey, TransferView], *, up: bool
    ) -> ElsewhereExam:
        issuer, _, identifier = one.patient.rpartition("|")
        return ElsewhereExam(
            exam=str(ExamId(one.key.tenant, one.key.study)),
            study_instance_uid=one.key.study.value,
            home_node=one.home.value,
            site=self.sites.of(one.key.tenant),
            study_at=_moment(one),
            modalities=list(one.modalities),
            description=one.description,
            referring_physician=readable(one.referring_physician),
            accession_number=one.accession,
            identifier=identifier,
            issuer=issuer,
            instances=one.instances,
            series=one.series,
            size_bytes=one.size_bytes,
            announced_at=one.announced_at,
            reachable=up,
            transfer=transfers.get(one.key),
        )


def provenance_view(origin: Origin) -> Provenance:
    """Return where an exam came from."""
    return Provenance(
        node=origin.node,
        at=origin.at,
        manifest=origin.manifest,
        revision=origin.revision,
        size_bytes=origin.size_bytes,
    )


def _moment(one: ForeignStudy) -> datetime | None:
    """Read study date and time: local time as DICOM says it, without a zone."""
    written = f"{one.date}{one.time.partition('.')[0].ljust(6, '0')}"
    for digits in (written, f"{one.date}000000"):
        try:
            return datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007 (local by definition)
        except ValueError:
            continue
    return None
