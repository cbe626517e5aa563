"""All that one study holds, rejected or not: for those who keep and correct it, never to show."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from sqlalchemy import Connection, select

from archipel.archive.model import Held, StudyKey
from archipel.stores.sql.archive import answers
from archipel.stores.sql.schema.archive import series, study


def everything_of(connection: Connection, key: StudyKey) -> Mapping[int, Sequence[Held]]:
    """Give every instance of a study, by the number of its series' row."""
    query = (
        select(
            study.c.tenant,
            study.c.study_instance_uid,
            series.c.id.label("series_key"),
            series.c.series_instance_uid,
            *answers.PACK_COLUMNS,
        )
        .join(study, study.c.id == series.c.study_id)
        .where(
            study.c.tenant == key.tenant.value,
            study.c.study_instance_uid == key.study.value,
        )
    )
    rows = connection.execute(query).all()
    number_of = {row.series_instance_uid: row.series_key for row in rows}
    found: dict[int, Sequence[Held]] = {number: [] for number in number_of.values()}
    every = answers.held(connection, rows, scope=None)
    for uid, instances in groupby(every, key=lambda one: one.key.series):
        found[number_of[uid.value]] = list(instances)
    return found
