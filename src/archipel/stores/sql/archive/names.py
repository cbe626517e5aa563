"""Distinct patient names and the words they are found by. Node-wide: a name has no organisation.

A name alone tells nothing about anybody: which study bears it is asked only within a scope.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, bindparam, insert, select

from archipel.standards.dicom.matching import words_of
from archipel.stores.sql.schema.archive import name_token, patient_name

_TOKEN_LENGTH = 64  # a longer word is found by its beginning
_AT_ONCE = 1000
_KNOWN = select(patient_name.c.name, patient_name.c.id).where(
    patient_name.c.name.in_(bindparam("names", expanding=True))
)


def name_ids(connection: Connection, names: Iterable[str]) -> Mapping[str, int]:
    """Give the numbers of folded names, making those that are new. Node-wide: see above."""
    wanted = sorted(set(names))  # in one order, so that two writers never wait in a circle
    known: dict[str, int] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        found = connection.execute(_KNOWN, {"names": wanted[start : start + _AT_ONCE]})
        known.update(found.all())
    for name in wanted:
        if name not in known:
            known[name] = _new(connection, name)
    return known


def _new(connection: Connection, name: str) -> int:
    number: int = connection.execute(
        insert(patient_name).returning(patient_name.c.id), {"name": name}
    ).scalar_one()
    whole = dict.fromkeys(group for group in name.split("=") if group)
    parts = dict.fromkeys(word[:_TOKEN_LENGTH] for word in words_of(name))
    rows = [{"whole": True, "token": token, "name_id": number} for token in whole]
    rows += [{"whole": False, "token": token, "name_id": number} for token in parts]
    if rows:
        connection.execute(insert(name_token), rows)
    return number
