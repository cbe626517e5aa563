"""Conditions on exams: what each saved list holds, and what narrows it."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import String

from archipel.kernel.actors import Scope
from archipel.reading.model import (
    HISTORY_AGE,
    RECENT,
    Filters,
    ReportState,
    SavedList,
    Status,
)
from archipel.standards.dicom.matching import words_of
from archipel.stores.sql.archive.name_search import begins
from archipel.stores.sql.archive.scope import within
from archipel.stores.sql.schema.archive import study
from archipel.stores.sql.schema.reading import (
    exam_claim,
    exam_urgency,
    report,
    report_standing,
)
from archipel.stores.sql.schema.requests import reading_request
from archipel.stores.sql.schema.transfers import provenance

MOST_WORDS = 8
LAST = "\U0010ffff"  # sorts after every text

RANK = func.coalesce(exam_urgency.c.urgency, study.c.said_urgency)
_free = exam_claim.c.fence.is_(None)
_unwritten = report.c.version.is_(None)
_unsigned = report_standing.c.digest.is_(None)
_told = report_standing.c.state == ReportState.PRELIMINARY.value
ACQUIRING = and_(_free, _unwritten, _unsigned, study.c.completed_at.is_(None))


class _HistoryDay(FunctionElement[str]):
    """The day before which a study date says that the exam was sent as history: YYYYMMDD."""

    type = String()
    inherit_cache = True


@compiles(_HistoryDay, "sqlite")
def _sqlite_day(element: _HistoryDay, compiler: SQLCompiler, **options: Any) -> str:
    arrived = compiler.process(element.clauses, **options)
    return f"strftime('%Y%m%d', {arrived}, '-{HISTORY_AGE.days} days')"


@compiles(_HistoryDay, "postgresql")
def _postgresql_day(element: _HistoryDay, compiler: SQLCompiler, **options: Any) -> str:
    arrived = compiler.process(element.clauses, **options)
    past = f"({arrived} AT TIME ZONE 'UTC' - interval '{HISTORY_AGE.days} days')"
    return f"to_char({past}, 'YYYYMMDD')"


_fresh = or_(
    study.c.moment == literal_column("''"),
    study.c.moment >= _HistoryDay(study.c.received_first_at),
)
_asked = tuple_(study.c.tenant, study.c.study_instance_uid).in_(
    select(reading_request.c.exam_tenant, reading_request.c.study_instance_uid).where(
        reading_request.c.is_open, reading_request.c.exam_tenant.is_not(None)
    )
)  # however old: somebody waits for it
_own = tuple_(study.c.tenant, study.c.study_instance_uid).not_in(
    select(provenance.c.tenant, provenance.c.study_instance_uid)
)  # what came from another node is there to be compared, unless its reading is asked
_to_read = and_(_unwritten, _unsigned, or_(and_(_fresh, _own), _asked))


def listed(filters: Filters, now: datetime) -> ColumnElement[bool]:
    """Return the condition of the saved list itself. Node-wide: `joined` bounds the query."""
    match filters.saved_list:
        case SavedList.TO_READ:
            return _to_read
        case SavedList.MINE:
            mine = exam_claim.alias("mine")
            of_login = and_(mine.c.login == filters.login, mine.c.until > now)
            return _named(select(mine.c.tenant, mine.c.study_instance_uid).where(of_login))
        case SavedList.DRAFTS:
            own = report.alias("own")
            by_login = and_(own.c.author_login == filters.login, own.c.signed.is_(None))
            return _named(select(own.c.tenant, own.c.study_instance_uid).where(by_login))
        case SavedList.RECENT:
            return study.c.received_first_at > now - RECENT
        case SavedList.ALL:
            return true()


def _named(few: Select[Any]) -> ColumnElement[bool]:
    """Say that an exam is one of `few`: the database walks those, not every study."""
    return tuple_(study.c.tenant, study.c.study_instance_uid).in_(few)


def narrowing(filters: Filters) -> list[ColumnElement[bool]]:
    """Return what narrows the list. Node-wide: `joined` bounds the query."""
    found: list[ColumnElement[bool]] = []
    if filters.modalities:
        found.append(
            or_(
                *(
                    study.c.modalities.contains(f"\\{one}\\", autoescape=True)
                    for one in sorted(filters.modalities)
                )
            )
        )
    if filters.sites:
        found.append(study.c.tenant.in_(sorted(site.value for site in filters.sites)))
    if filters.urgencies:
        found.append(RANK.in_(sorted(int(one) for one in filters.urgencies)))
    if filters.statuses:
        found.append(or_(*(_standing(one) for one in sorted(filters.statuses, key=str))))
    if filters.first_day:
        found.append(study.c.moment >= filters.first_day)
    if filters.last_day:
        found.append(and_(study.c.moment != "", study.c.moment < filters.last_day + LAST))
    found.extend(_matches(word) for word in filters.text.split()[:MOST_WORDS])
    return found


def _standing(status: Status) -> ColumnElement[bool]:
    return {
        Status.SIGNED: and_(~_unsigned, ~_told),
        Status.CLAIMED: and_(exam_claim.c.fence.is_not(None), or_(_unsigned, _told)),
        Status.PRELIMINARY: and_(_free, _told),
        Status.DRAFT: and_(_free, _unsigned, report.c.version.is_not(None)),
        Status.ACQUIRING: ACQUIRING,
        Status.READY: and_(_free, _unwritten, _unsigned, study.c.completed_at.is_not(None)),
    }[status]


def _matches(word: str) -> ColumnElement[bool]:
    """Return the condition that one word begins a name, the identifier or the accession.

    Each way to fit has an index, and the database begins at those that fit.
    """
    names = [begins(part).from_names() for part in words_of(word)]
    return _one_of([*_ways(word), *_all_of(names)])


def _one_of(ways: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    return study.c.id.in_(union(*(select(study.c.id).where(one) for one in ways)))


def _all_of(conditions: list[ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    return [and_(*conditions)] if conditions else []


def _ways(word: str) -> list[ColumnElement[bool]]:
    ways: list[ColumnElement[bool]] = []
    for column in (study.c.patient_id, study.c.accession_number):
        spelt = sorted({word, word.upper(), word.lower()})
        ways.extend(and_(column >= one, column < one + LAST) for one in spelt)
    born = _day(word)
    if born:
        ways.append(study.c.patient_birth_date == born)
    return ways


def persons_matching(connection: Connection, text: str, *, scope: Scope) -> Select[Any]:
    """Return the query of studies in scope that match every word, newest first.

    It is to be read only as far as needed: words that begin many names are looked for along it.
    """
    conditions = []
    for word in text.split()[:MOST_WORDS]:
        names = [begins(part) for part in words_of(word)]
        rare = [one.few(connection) for one in names]
        said = [
            one.from_names() if few else one.of_each()
            for one, few in zip(names, rare, strict=True)
        ]
        ways = [*_ways(word), *_all_of(said)]
        conditions.append(_one_of(ways) if any(rare) or not names else or_(*ways))
    return (
        select(
            study.c.id,
            study.c.person,
            study.c.patient_id,
            study.c.patient_issuer,
            study.c.moment,
        )
        .where(within(scope), *conditions)
        .order_by(study.c.moment.desc(), study.c.id.desc())
    )


def _day(word: str) -> str | None:
    """Read a birth date as people write it: 24/11/1958, 1958-11-24 or 19581124."""
    for pattern in (
        r"(?P<d>\d\d)[/.-](?P<m>\d\d)[/.-](?P<y>\d{4})",
        r"(?P<y>\d{4})-?(?P<m>\d\d)-?(?P<d>\d\d)",
    ):
        found = re.fullmatch(pattern, word)
        if found:
            return found["y"] + found["m"] + found["d"]
    return None
