"""Studies by the beginning of a name: from the names when few begin so, else along the list.

Node-wide, all of it: conditions only narrow a query whose scope its caller has set. "TEST" may
begin every name there is: to gather their studies and sort them takes half a second, while the
first page of a walk through the list, newest first, is full at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, func, select

from archipel.stores.sql.schema.archive import name_token, study

MANY = 2_000  # names; above, studies are walked and each is asked for its name
_LAST = "\U0010ffff"  # sorts behind every character

Clause = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class NameKey:
    """What a key asks of a name: one of its words, or of its whole component groups, fits."""

    whole: bool
    fits: Callable[[ColumnElement[str]], Clause]

    def few(self, connection: Connection) -> bool:
        """Tell whether few names fit. Node-wide: it counts names, of nobody."""
        some = select(name_token.c.name_id).where(*self._tokens()).limit(MANY + 1).subquery()
        found = connection.execute(select(func.count()).select_from(some)).scalar_one()
        return int(found) <= MANY

    def from_names(self) -> Clause:
        """Say it so that the database begins at the names. Node-wide: see above."""
        return study.c.name_id.in_(select(name_token.c.name_id).where(*self._tokens()))

    def of_each(self) -> Clause:
        """Say it so that each study is asked for its name. Node-wide: see above."""
        unindexed = func.coalesce(name_token.c.token, "")  # or it would begin at the names
        return exists().where(
            name_token.c.name_id == study.c.name_id,
            name_token.c.whole if self.whole else ~name_token.c.whole,
            self.fits(unindexed),
        )

    def _tokens(self) -> tuple[Clause, ...]:
        whole: Clause = name_token.c.whole if self.whole else ~name_token.c.whole
        return whole, self.fits(name_token.c.token)


def begins(word: str) -> NameKey:
    """Ask for a word of the name that begins so. Node-wide: it reads no row."""
    return NameKey(False, lambda token: (token >= word) & (token < word + _LAST))
