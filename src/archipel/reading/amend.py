"""Begin an addendum or a correction of a report that was signed and released."""

from datetime import datetime

from archipel.reading import report
from archipel.reading.errors import NothingToAmend
from archipel.reading.model import Content, Draft, ExamId, Purpose, Reader, ReportState
from archipel.reading.sign import Desk, before_of


def begin(exam: ExamId, purpose: Purpose, reader: Reader, *, desk: Desk, now: datetime) -> Draft:
    """Open the draft of an addendum (empty) or a correction (the text that stands).

    One that is open already is given back as it is. Raises `NothingToAmend` where no validated
    report was released, `NotFound` out of scope, `DraftOutdated`.
    """
    desk.exams.exam(exam, scope=desk.scope, now=now)
    before = before_of(exam, desk)
    base, head = before.principal, before.standing.principal
    if base is None or head is None or head.released_at is None:
        raise NothingToAmend(exam)
    if base.state is ReportState.PRELIMINARY or purpose is Purpose.REPORT:
        raise NothingToAmend(exam)
    former = desk.drafts.current(exam, scope=desk.scope)
    if former is not None and former.head.signed is None and former.purpose is purpose:
        return former
    corrects = purpose is Purpose.CORRECTION
    written = Content(
        sections=base.sections if corrects else (),
        key_images=base.key_images if corrects else (),
        plain_words=base.plain_words,
        important=base.important if corrects else False,
        purpose=purpose,
    )
    over = former.head.version if former else 0
    at = report.Desk(exams=desk.exams, drafts=desk.drafts, audit=desk.audit, scope=desk.scope)
    return report.keep(exam, written, over=over, reader=reader, desk=at, now=now)
