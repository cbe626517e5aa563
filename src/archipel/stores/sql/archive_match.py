"""A query's matching keys as SQL where a column helps, and as a test of attributes elsewhere.

Node-wide, all of it: conditions only narrow a query whose scope `archive_scope` has set.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, or_, select, true

from archipel.archive.matching import Between, Condition, Like, OneOf, WordsOf, condition
from archipel.archive.model import Query
from archipel.kernel.hierarchy import Level
from archipel.standards.dicom.attributes import COMPUTED, INDEXED
from archipel.stores.sql.schema.archive import name_token, series, study

MODALITIES_IN_STUDY = 0x00080061
STUDY_DATE = 0x00080020
SOP_INSTANCE_UID = 0x00080018
_LAST = "\U0010ffff"  # sorts behind every character
_COMPUTED_MATCHED = {MODALITIES_IN_STUDY}
_KEYED = {0x00080050, 0x00100010, 0x00100020, 0x0020000D}

Clause = ColumnElement[bool]


@dataclass(slots=True)
class Asked:
    """The conditions of one query, by what answers them."""

    clauses: list[Clause] = field(default_factory=list)
    moments: list[Between] = field(default_factory=list)  # of the study, by date
    upper: dict[int, Condition] = field(default_factory=dict)  # study and series attributes
    image: dict[int, Condition] = field(default_factory=dict)
    keyed: bool = False  # an index other than the worklist's narrows it well
    nothing: bool = False


def asked_of(query: Query, level: Level, *, engine_name: str) -> Asked:
    """Sort the keys of `query` at `level`. Node-wide: it reads no row. Raises `Malformed`."""
    asked = Asked()
    for tag, key in query.matching.items():
        known = INDEXED.get(tag)
        if (known is None and tag not in _COMPUTED_MATCHED) or (
            (known or COMPUTED[tag]).level > level
        ):
            continue  # PS3.4 C.4.1.1.3.1: a key that is not supported is as if not given
        wanted = condition(tag, key, fuzzy=query.fuzzy)
        if wanted is None:
            continue
        if known is not None and known.level is Level.IMAGE:
            asked.image[tag] = wanted
        elif tag == STUDY_DATE and isinstance(wanted, Between):
            asked.moments.append(wanted)
        elif (clause := _clause(tag, wanted, engine_name)) is not None:
            asked.clauses.append(clause)
            asked.keyed = asked.keyed or (tag in _KEYED and not _begins_wild(wanted))
        else:
            asked.upper[tag] = wanted
    return asked


def moment_clause(column: ColumnElement[str], between: Between) -> Clause:
    """Say a range of dates of a moment column. Node-wide: it reads no row."""
    low = column >= (between.low or "0")
    return and_(low, column <= between.high + _LAST) if between.high else low


def _begins_wild(wanted: Condition) -> bool:
    return isinstance(wanted, Like) and any(p[0] in "*?" for p in wanted.patterns)


def _clause(tag: int, wanted: Condition, engine_name: str) -> Clause | None:
    make = _BY_TAG.get(tag)
    return make(wanted, engine_name) if make else None


def _text(column: Column[str]) -> Callable[[Condition, str], Clause | None]:
    def _said(wanted: Condition, engine_name: str) -> Clause | None:
        match wanted:
            case OneOf(values):
                return column == values[0] if len(values) == 1 else column.in_(values)
            case Like(patterns):
                return or_(*(_like(column, pattern, engine_name) for pattern in patterns))
            case Between(low, high):
                present = column >= (low or "0")
                return and_(present, column <= high + _LAST) if high else present
            case WordsOf():
                return None

    return _said


def _name(wanted: Condition, engine_name: str) -> Clause:
    token, found = name_token.c.token, select(name_token.c.name_id)
    narrowed: list[Select[Any]] = []
    match wanted:
        case OneOf(values):
            narrowed = [found.where(name_token.c.whole, token.in_(values))]
        case Like(patterns):
            shapes = or_(*(_like(token, pattern, engine_name) for pattern in patterns))
            narrowed = [found.where(name_token.c.whole, shapes)]
        case WordsOf(beginnings):
            narrowed = [
                found.where(~name_token.c.whole, token >= word, token < word + _LAST)
                for word in beginnings
            ]
        case Between():
            pass  # a name has no range
    return and_(true(), *(study.c.name_id.in_(names) for names in narrowed))


def _modalities(wanted: Condition, engine_name: str) -> Clause | None:
    match wanted:
        case OneOf(values):
            patterns: Iterable[str] = (f"*\\{value}\\*" for value in values)
        case Like(patterns):
            patterns = (f"*\\{pattern}\\*" for pattern in patterns)
        case _:
            return None
    return or_(*(_like(study.c.modalities, pattern, engine_name) for pattern in patterns))


def _number(wanted: Condition, _engine_name: str) -> Clause | None:
    if isinstance(wanted, OneOf) and all(value.lstrip("-").isdigit() for value in wanted.values):
        return series.c.number.in_([int(value) for value in wanted.values])
    return None


def _like(column: ColumnElement[str], pattern: str, engine_name: str) -> Clause:
    """Match a pattern by case, with its fixed beginning as a range for the index."""
    fixed = pattern.replace("?", "*").partition("*")[0]
    if engine_name == "sqlite":  # LIKE has no regard to case there
        shape: Clause = column.op("GLOB", is_comparison=True)(pattern.replace("[", "[[]"))
    else:
        escaped = pattern.replace("~", "~~").replace("%", "~%").replace("_", "~_")
        shape = column.like(escaped.replace("*", "%").replace("?", "_"), escape="~")
    if not fixed:
        return shape
    within = and_(column >= fixed, column < fixed + _LAST)
    return within if pattern == fixed + "*" else and_(within, shape)


_BY_TAG: dict[int, Callable[[Condition, str], Clause | None]] = {
    0x00080030: _text(study.c.study_time),
    0x00080050: _text(study.c.accession_number),
    MODALITIES_IN_STUDY: _modalities,
    0x00080090: _text(study.c.referring_physician),
    0x00081030: _text(study.c.description),
    0x00100010: _name,
    0x00100020: _text(study.c.patient_id),
    0x00100021: _text(study.c.patient_issuer),
    0x00100030: _text(study.c.patient_birth_date),
    0x00100040: _text(study.c.patient_sex),
    0x0020000D: _text(study.c.study_instance_uid),
    0x00200010: _text(study.c.study_id),
    0x00080060: _text(series.c.modality),
    0x0020000E: _text(series.c.series_instance_uid),
    0x00200011: _number,
}
