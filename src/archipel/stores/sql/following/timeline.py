"""What other nodes announced of a person's exams, from the facts that are here."""

from collections.abc import Collection, Sequence

from sqlalchemy import select

from archipel.exchange.fold import identity
from archipel.exchange.timeline import PATIENT, ForeignStudy, announced, joined
from archipel.stores.sql import facts
from archipel.stores.sql.schema.archive import withheld_study
from archipel.stores.sql.session import Database

_OF_STUDIES = ("study.available", "object.recalled", "object.restored")
_OF_IDENTITY = ("patient.linked", "patient.unlinked", "patient.distinct")


class SqlTimeline:
    """Reads announcements. The caller has asked who may see these patients."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, patients: Collection[str]) -> Sequence[ForeignStudy]:
        """Give the studies of patients, named ISSUER|VALUE. Node-wide: see above.

        What is recalled or opposed is left out.
        """
        with self._database.read() as connection:
            linked = facts.of_subjects(connection, [identity.SUBJECT], kinds=_OF_IDENTITY)
            keys = [f"{PATIENT}{one}" for one in sorted(joined(patients, linked))]
            told = facts.of_patients(connection, keys, kinds=_OF_STUDIES)
            subjects = sorted({one.subject for one in told})
            stated = facts.of_subjects(connection, subjects, kinds=_OF_STUDIES)
            hidden = {
                (row.tenant, row.study_instance_uid)
                for row in connection.execute(select(withheld_study))
            }
        return [
            one
            for one in announced(stated)
            if f"{PATIENT}{one.patient}" in keys
            and (one.key.tenant.value, one.key.study.value) not in hidden
        ]
