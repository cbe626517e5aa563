"""Rows of the index as answers: attributes of a level and those above, and computed ones.

Node-wide, all of it: rows come from a query that is bounded by a scope.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from archipel.archive.model import (
    Header,
    Held,
    InstanceKey,
    JournalPlace,
    Match,
    SeriesKey,
    StudyKey,
)
from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive.packed import packed
from archipel.stores.sql.archive.quality import hidden_among, hidden_column, left
from archipel.stores.sql.archive.rows import attributes_of
from archipel.stores.sql.archive.scope import KNOWN
from archipel.stores.sql.schema.archive import instance, series, study

SOP_CLASS_UID = 0x00080016
SOP_INSTANCE_UID = 0x00080018
INSTANCE_AVAILABILITY = 0x00080056
MODALITIES_IN_STUDY = 0x00080061
SOP_CLASSES_IN_STUDY = 0x00080062
PATIENT_ID = 0x00100020
ISSUER_OF_PATIENT_ID = 0x00100021
PATIENT_RELATED_STUDIES = 0x00201200
PATIENT_RELATED_SERIES = 0x00201202
PATIENT_RELATED_INSTANCES = 0x00201204
STUDY_RELATED_SERIES = 0x00201206
STUDY_RELATED_INSTANCES = 0x00201208
SERIES_RELATED_INSTANCES = 0x00201209
PATIENT_COUNTS = frozenset(
    {PATIENT_RELATED_STUDIES, PATIENT_RELATED_SERIES, PATIENT_RELATED_INSTANCES}
)

_STUDY_COLUMNS = (
    study.c.id.label("study_key"),
    study.c.tenant,
    study.c.study_instance_uid,
    study.c.moment,
    study.c.patient_id,
    study.c.patient_issuer,
    study.c.modalities,
    study.c.attributes.label("study_attributes"),
)
_SERIES_COLUMNS = (
    series.c.id.label("series_key"),
    series.c.series_instance_uid,
    series.c.attributes.label("series_attributes"),
)
ENTRY_COLUMNS = (  # what only a line of a worklist tells
    study.c.person,
    study.c.received_first_at,
    study.c.received_last_at,
    study.c.completed_at,
)
PACK_COLUMNS = (series.c.pack_key, series.c.pack_index)
_HELD_COLUMNS = (
    instance.c.series_id,
    instance.c.sop_instance_uid,
    instance.c.sop_class,
    instance.c.transfer_syntax,
    instance.c.size_bytes,
    instance.c.digest,
    instance.c.number,
    instance.c.frames,
    instance.c.received_at,
    instance.c.source,
    instance.c.segment,
    instance.c.offset,
)


@lru_cache(maxsize=KNOWN)
def study_columns(scope: Scope) -> "tuple[ColumnElement[Any], ...]":
    """Return what is read of a study, counters without what is hidden from `scope`."""
    hidden = hidden_column(study, "series", scope=scope)
    instances = study.c.instance_count - hidden_column(study, "instances", scope=scope)
    return (
        *_STUDY_COLUMNS,
        (study.c.series_count - hidden).label("series_count"),
        instances.label("study_instances"),
    )


@lru_cache(maxsize=KNOWN)
def series_columns(scope: Scope) -> "tuple[ColumnElement[Any], ...]":
    """Return what is read of a series, counters without what is hidden from `scope`."""
    hidden = hidden_column(series, "instances", scope=scope)
    return (
        *_SERIES_COLUMNS,
        (series.c.instance_count - hidden).label("series_instances"),
        hidden.label("series_hidden"),
    )


def study_answer(row: Row[Any]) -> dict[int, str]:
    """Give what is said of a study. Node-wide: of a row already found."""
    said = attributes_of(row.study_attributes)
    said[PATIENT_ID] = row.patient_id
    said[ISSUER_OF_PATIENT_ID] = row.patient_issuer
    said[MODALITIES_IN_STUDY] = row.modalities.strip("\\")
    said[STUDY_RELATED_SERIES] = str(row.series_count)
    said[STUDY_RELATED_INSTANCES] = str(row.study_instances)
    said[INSTANCE_AVAILABILITY] = "ONLINE"
    return said


def series_answer(row: Row[Any]) -> dict[int, str]:
    """Give what is said of a series and its study. Node-wide: of a row already found."""
    said = study_answer(row)
    said.update(attributes_of(row.series_attributes))
    said[SERIES_RELATED_INSTANCES] = str(row.series_instances)
    return said


def match(row: Row[Any], attributes: Header) -> Match:
    """Give an answer with its owner. Node-wide: of a row already found."""
    return Match(tenant=TenantId(row.tenant), attributes=attributes)


def images(
    connection: Connection, rows: Sequence[Any], *, scope: Scope | None
) -> Iterator[tuple[Row[Any], Held, dict[int, str]]]:
    """Give the instances of series already found that `scope` may see, with their attributes.

    Those in the pack and those that came after it was sealed, by number, then UID. Without a
    scope, to whoever keeps them (sealing, verification): also what is rejected.
    """
    hidden = _hidden(connection, rows, scope)
    opened: dict[int, list[Row[Any]]] = {row.series_key: [] for row in rows}
    for one in connection.execute(select(instance).where(instance.c.series_id.in_(opened))):
        opened[one.series_id].append(one)
    for row in rows:
        key = SeriesKey(
            TenantId(row.tenant), Uid(row.study_instance_uid), Uid(row.series_instance_uid)
        )
        found = [
            (_held(one, key), attributes_of(one.attributes)) for one in opened[row.series_key]
        ]
        if row.pack_index is not None:
            found += (
                (one.held, _with_uids(one.held, one.attributes))
                for one in packed(row.pack_index, key, row.pack_key)
            )
        if unseen := hidden.get(row.series_key):
            found = [one for one in found if one[0].key.sop_instance.value not in unseen]
        found.sort(key=lambda one: in_order(one[0]))
        for held_one, said in found:
            yield row, held_one, said


def held(connection: Connection, rows: Sequence[Any], *, scope: Scope | None) -> Iterator[Held]:
    """Give the instances of series already found that `scope` may see, in the order of `images`.

    Without what is said of each: a viewer that asks for one of 2,000 slices waits for this.
    """
    hidden = _hidden(connection, rows, scope)
    keys = {
        row.series_key: SeriesKey(
            TenantId(row.tenant), Uid(row.study_instance_uid), Uid(row.series_instance_uid)
        )
        for row in rows
    }
    opened: dict[int, list[Held]] = {number: [] for number in keys}
    uid_of: dict[str, Uid] = {}
    query = select(*_HELD_COLUMNS).where(instance.c.series_id.in_(keys))
    for one in connection.execute(query):
        one_series, uid, sop_class, syntax, size_bytes, digest, number, frames, at, *rest = one
        source, segment, offset = rest
        for text in (sop_class, syntax):
            if text not in uid_of:
                uid_of[text] = Uid(text)
        key = keys[one_series]
        held_one = Held(
            tenant=key.tenant,
            key=InstanceKey(key.study, key.series, Uid(uid)),
            sop_class=uid_of[sop_class],
            transfer_syntax=uid_of[syntax],
            size_bytes=size_bytes,
            digest=digest,
            number=number,
            frames=frames,
            received_at=at,
            source=source,
            place=JournalPlace(segment, offset),
        )
        opened[one_series].append(held_one)
    for row in rows:
        found = opened[row.series_key]
        if row.pack_index is not None:
            sealed = packed(row.pack_index, keys[row.series_key], row.pack_key)
            found += [one.held for one in sealed]
        if unseen := hidden.get(row.series_key):
            found = [one for one in found if one.key.sop_instance.value not in unseen]
        found.sort(key=in_order)
        yield from found


def _hidden(
    connection: Connection, rows: Sequence[Row[Any]], scope: Scope | None
) -> dict[int, frozenset[str]]:
    """Find what is to be left out, by series; nothing is asked where nothing is hidden."""
    if scope is None:
        return {}
    some = {
        row.series_key: StudyKey(TenantId(row.tenant), Uid(row.study_instance_uid))
        for row in rows
        if row.series_hidden
    }
    of_studies = hidden_among(connection, set(some.values()), scope=scope)
    return {number: of_studies[key] for number, key in some.items()}


def in_order(held: Held) -> tuple[bool, int, str]:
    """Give the key that orders instances of a series. Node-wide: a value, not a row."""
    return held.number is None, held.number or 0, held.key.sop_instance.value


def sop_classes(
    connection: Connection, study_keys: Sequence[int], *, scope: Scope
) -> dict[int, str]:
    """Give (0008,0062) of studies already found."""
    found: dict[int, set[str]] = {key: set() for key in study_keys}
    query = select(series.c.study_id, series.c.sop_classes).where(
        series.c.study_id.in_(found), left(series, scope=scope)
    )
    for key, listed in connection.execute(query):
        found[key].update(listed.split("\\"))
    return {key: "\\".join(sorted(uids)) for key, uids in found.items()}


def _with_uids(held: Held, attributes: Header) -> dict[int, str]:
    """Add what a packed index keeps apart."""
    return {
        **attributes,
        SOP_CLASS_UID: held.sop_class.value,
        SOP_INSTANCE_UID: held.key.sop_instance.value,
    }


def _held(row: Row[Any], key: SeriesKey) -> Held:
    return Held(
        tenant=key.tenant,
        key=InstanceKey(key.study, key.series, Uid(row.sop_instance_uid)),
        sop_class=Uid(row.sop_class),
        transfer_syntax=Uid(row.transfer_syntax),
        size_bytes=row.size_bytes,
        digest=row.digest,
        number=row.number,
        frames=row.frames,
        received_at=row.received_at,
        source=row.source,
        place=JournalPlace(row.segment, row.offset),
    )
