"""Differences within a study as the front end reads them."""

from archipel.archive.settle import WHOSE, Difference
from archipel.protocols.web.models.exam import StudyDifference
from archipel.reading.model import ExamId
from archipel.standards.dicom.dictionary import keyword_of


def difference_view(one: Difference) -> StudyDifference:
    """Return one difference."""
    return StudyDifference(
        exam=str(ExamId(one.key.tenant, one.key.study)),
        tag=f"{one.tag:08X}",
        keyword=keyword_of(one.tag),
        held=one.held,
        offered=one.offered,
        source=one.source,
        at=one.at,
        choosable=one.tag not in WHOSE,
        kept=one.kept.value if one.kept else None,
        settled_by=one.settled_by,
        settled_at=one.settled_at,
    )
