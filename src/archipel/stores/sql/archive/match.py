"""A query's matching keys as SQL where a column helps, and as a test of attributes elsewhere.

Node-wide, all of it: conditions only narrow a query whose scope `archive_scope` has set.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Column, ColumnElement, Connection, FromClause, and_, false, or_, select

from archipel.archive.model import Query
from archipel.kernel.hierarchy import Level
from archipel.standards.dicom.attributes import COMPUTED, INDEXED
from archipel.standards.dicom.matching import (
    AnyOf,
    Criterion,
    Either,
    Empty,
    Like,
    Matcher,
    Range,
    Universal,
    Words,
    matcher,
)
from archipel.stores.sql.archive.name_search import NameKey, begins
from archipel.stores.sql.schema.archive import name_token, patient_name, series, study

STUDY_DATE = 0x00080020
SOP_INSTANCE_UID = 0x00080018
MODALITIES_IN_STUDY = 0x00080061
PATIENT_NAME = 0x00100010
_LAST = "\U0010ffff"  # sorts behind every character
_KEYED = {0x00080050, PATIENT_NAME, 0x00100020, 0x0020000D}

Clause = ColumnElement[bool]
Fits = Callable[[ColumnElement[str]], Clause]
"""What a column has to hold, whichever table it stands in."""


@dataclass(slots=True)
class Asked:
    """The conditions of one query, by what answers them."""

    clauses: list[Clause] = field(default_factory=list)
    dates: list[Range] = field(default_factory=list)  # of the study
    modalities: list[Fits] = field(default_factory=list)  # of those of the study
    upper: dict[int, Matcher] = field(default_factory=dict)  # study and series attributes
    image: dict[int, Matcher] = field(default_factory=dict)
    names: list[NameKey] = field(default_factory=list)
    keyed: bool = False  # an index other than the worklist's narrows it well

    def listed(self, listing: FromClause) -> Iterator[Clause]:
        """Say what a table holds of dates and modalities. Node-wide: it reads no row."""
        yield from (of_dates(listing.c.moment, dates) for dates in self.dates)
        yield from (fits(listing.c.modalities) for fits in self.modalities)

    def settle(self, connection: Connection) -> None:
        """Choose how studies are found by name. Node-wide: it counts names, of nobody."""
        for key in self.names:
            few = key.few(connection)
            self.clauses.append(key.from_names() if few else key.of_each())
            self.keyed = self.keyed or few
        self.names.clear()


def asked_of(query: Query, level: Level, *, engine_name: str) -> Asked:
    """Sort the keys of `query` at `level`. Node-wide: it reads no row. Raises `Malformed`.

    A key of a level below, or that is not supported, is as if not given (PS3.4 C.4.1.1.3.1).
    """
    asked = Asked()
    for tag, key in query.matching.items():
        known = COMPUTED[tag] if tag == MODALITIES_IN_STUDY else INDEXED.get(tag)
        if known is None or known.level > level:
            continue
        wanted = matcher(key, known.vr, fuzzy=query.fuzzy)
        criterion = wanted.criterion
        if isinstance(criterion, Universal):
            continue
        if known.level is Level.IMAGE:
            asked.image[tag] = wanted
        elif tag == STUDY_DATE and (dates := _dates(criterion)):
            asked.dates.append(dates)
        elif tag == MODALITIES_IN_STUDY:
            asked.modalities.append(_modalities(criterion, engine_name))
        elif tag == PATIENT_NAME and not _begins_wild(criterion) and "=" not in key:
            asked.names += _names(criterion, engine_name)
        elif (clause := _clause(tag, key, criterion, engine_name)) is not None:
            asked.clauses.append(clause)
            asked.keyed = asked.keyed or (tag in _KEYED and not _begins_wild(criterion))
        else:
            asked.upper[tag] = wanted
    return asked


def of_dates(moment: ColumnElement[str], dates: Range) -> Clause:
    """Say a range of dates of a moment column. Node-wide: it reads no row."""
    low = moment >= (dates.low or "0")
    return and_(low, moment <= dates.high + _LAST) if dates.high else low


def _dates(criterion: Criterion) -> Range | None:
    match criterion:
        case AnyOf((day,)):
            return Range(day, day)
        case Range():
            return criterion
        case _:
            return None


def _begins_wild(criterion: Criterion) -> bool:
    match criterion:
        case Like(pattern):
            return pattern[0] in "*?"
        case Either(criteria):
            return any(_begins_wild(c) for c in criteria if not _of_another_group(c))
        case Empty():
            return True
        case _:
            return False


def _clause(tag: int, key: str, criterion: Criterion, engine_name: str) -> Clause | None:
    if tag == PATIENT_NAME:
        return _name(key, criterion, engine_name)
    if tag == 0x00200011:  # noqa: PLR2004  (series number)
        return _number(criterion)
    column = _COLUMNS.get(tag)
    return _text(column, criterion, engine_name) if column is not None else None


def _text(column: ColumnElement[str], criterion: Criterion, engine_name: str) -> Clause | None:
    match criterion:
        case AnyOf(values):
            return column == values[0] if len(values) == 1 else column.in_(values)
        case Like(pattern):
            return _like(column, pattern, engine_name)
        case Range(low, high):
            above = column >= low if low else column > ""
            return and_(above, column <= high) if high else above
        case Empty():
            return column == ""
        case Either(criteria):
            some = [_text(column, one, engine_name) for one in criteria]
            return or_(false(), *(clause for clause in some if clause is not None))
        case _:
            return None


def _name(key: str, criterion: Criterion, engine_name: str) -> Clause | None:
    """Match names by their component groups, each a row of `name_token`.

    A key that names its groups itself is matched with the whole name.
    """
    if "=" in key or isinstance(criterion, Empty):
        clause = _text(patient_name.c.name, criterion, engine_name)
        ids = select(patient_name.c.id)
    else:
        own = [one for one in _each(criterion) if not _of_another_group(one)]
        clause = _text(name_token.c.token, Either(tuple(own)), engine_name)
        ids = select(name_token.c.name_id).where(name_token.c.whole)
    return study.c.name_id.in_(ids.where(clause)) if clause is not None else None


def _names(criterion: Criterion, engine_name: str) -> list[NameKey]:
    """Match names whose beginning is said: by words, or by component groups."""
    if isinstance(criterion, Words):
        return [begins(word) for word in criterion.words]
    own = Either(tuple(one for one in _each(criterion) if not _of_another_group(one)))

    def _fits(token: ColumnElement[str]) -> Clause:
        clause = _text(token, own, engine_name)
        return false() if clause is None else clause

    return [NameKey(True, _fits)]


def _each(criterion: Criterion) -> Iterator[AnyOf | Like | Range]:
    match criterion:
        case AnyOf() | Like() | Range():
            yield criterion
        case Either(criteria):
            yield from criteria


def _of_another_group(criterion: Criterion) -> bool:
    """Tell the patterns that grammar adds to reach each component group of a whole name."""
    return isinstance(criterion, Like) and "=" in criterion.pattern


def _modalities(criterion: Criterion, engine_name: str) -> Fits:
    patterns: list[str] = []
    for one in _each(criterion):
        if isinstance(one, AnyOf):
            patterns += (f"*\\{value}\\*" for value in one.values)
        elif isinstance(one, Like):
            patterns.append(f"*\\{one.pattern}\\*")

    def _fits(column: ColumnElement[str]) -> Clause:
        if isinstance(criterion, Empty):
            return column == ""
        return or_(false(), *(_like(column, one, engine_name) for one in patterns))

    return _fits


def _number(criterion: Criterion) -> Clause | None:
    match criterion:
        case AnyOf(values) if all(value.lstrip("-").isdigit() for value in values):
            return series.c.number.in_([int(value) for value in values])
        case _:
            return None


def _like(column: ColumnElement[str], pattern: str, engine_name: str) -> Clause:
    """Match a pattern by case, with its fixed beginning as a range for the index."""
    fixed = pattern.replace("?", "*").partition("*")[0]
    if engine_name == "sqlite":  # LIKE has no regard to case there
        shape: Clause = column.op("GLOB", is_comparison=True)(pattern.replace("[", "[[]"))
    else:
        shape = column.like(Like(pattern).sql("~"), escape="~")
    if not fixed:
        return shape
    within = and_(column >= fixed, column < fixed + _LAST)
    return within if pattern == fixed + "*" else and_(within, shape)


_COLUMNS: dict[int, Column[str]] = {
    0x00080030: study.c.study_time,
    0x00080050: study.c.accession_number,
    0x00080090: study.c.referring_physician,
    0x00081030: study.c.description,
    0x00100020: study.c.patient_id,
    0x00100021: study.c.patient_issuer,
    0x00100030: study.c.patient_birth_date,
    0x00100040: study.c.patient_sex,
    0x0020000D: study.c.study_instance_uid,
    0x00200010: study.c.study_id,
    0x00080060: series.c.modality,
    0x0020000E: series.c.series_instance_uid,
}
