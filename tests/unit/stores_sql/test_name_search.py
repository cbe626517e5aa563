"""Whether few or many names begin so, the same studies are found, in the same order."""

import pytest

from archipel.archive.model import Query
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.stores.sql.archive import name_search
from archipel.stores.sql.archive.query import SqlCatalogue
from archipel.stores.sql.session import Database
from archipel.testing.many_studies import fill, tenant

PATIENT_NAME = 0x00100010
SCOPE = Scope(Actor(ActorKind.PERSON, "letchimy"), frozenset({tenant(0), tenant(1)}))


@pytest.mark.parametrize("pattern", ["TEST*", "TEST-M*", "TEST-M?*", "TEST-ZZZ*"])
@pytest.mark.parametrize("fuzzy", [False, True])
def test_few_and_many_names_give_the_same_answers(
    database: Database, monkeypatch: pytest.MonkeyPatch, pattern: str, fuzzy: bool
) -> None:
    fill(database, 400)
    catalogue = SqlCatalogue(database)
    said = pattern.rstrip("*?") if fuzzy else pattern
    query = Query(matching={PATIENT_NAME: said}, fuzzy=fuzzy)

    answers = []
    for most in (0, 10_000):
        monkeypatch.setattr(name_search, "MANY", most)
        page = catalogue.page(query, scope=SCOPE, limit=30)
        answers.append([one.match.attributes[0x0020000D] for one in page.entries])

    assert answers[0] == answers[1]
    assert bool(answers[0]) == ("ZZZ" not in pattern)
