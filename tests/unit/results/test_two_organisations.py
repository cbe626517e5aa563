"""No request of a guest of one organisation tells of the other, or changes anything there.

Every route of the portal's own table is driven; one that has no case here fails.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.results.conftest import NORTH, SOUTH

from archipel.protocols.web.openapi import document
from archipel.protocols.web.portal.router import described
from archipel.results.model import Audience

OPEN = {  # no guest yet: test_attacks drives them
    ("GET", "/welcome"),
    ("POST", "/entry/link"),
    ("POST", "/entry/code"),
    ("POST", "/entry/confirm"),
}
OWN = {("GET", "/session"), ("DELETE", "/session"), ("GET", "/results"), ("GET", "/looks")}
OWN |= {("GET", "/links")}
NAMING = {
    ("GET", "/results/{link}"),
    ("GET", "/results/{link}/report.pdf"),
    ("GET", "/results/{link}/key-images/{number}"),
    ("GET", "/results/{link}/series"),
    ("GET", "/results/{link}/series/{series}/pictures/{number}"),
    ("POST", "/results/{link}/acknowledgement"),
    ("POST", "/results/{link}/announcement"),
    ("POST", "/looks/{sequence}/question"),
    ("DELETE", "/links/{link}"),
    ("POST", "/links/{link}/extension"),
}
THEIRS = ("south", "SOUTH", "TEST-EST", "1.2.4.4", "autre@cabinet.test")


def served():
    return {
        (method.upper(), path.removeprefix("/portal/api"))
        for path, methods in document(described())["paths"].items()
        for method in methods
    }


def test_every_route_of_the_portal_is_driven() -> None:
    assert served() == OPEN | OWN | NAMING


def state_of(clinic, tenant):
    """Return what the portal may change of an organisation."""
    exam = clinic.exams[tenant].id
    rows = [(one.sequence, one.entry) for one in clinic.rows(tenant=tenant) if one.entry.tenant]
    return (
        clinic.node.links.of_exam(exam),
        clinic.node.releases.release(exam),
        clinic.node.releases.questioned(exam),
        rows,
    )


@pytest.mark.parametrize("audience", list(Audience), ids=lambda one: one.value)
def test_nothing_crosses(clinic, audience) -> None:
    mine = clinic.shared(audience)
    theirs = [
        clinic.shared(one, SOUTH, mail="autre@cabinet.test").link.id for one in list(Audience)
    ]
    enter = clinic.as_doctor if audience is Audience.REFERRER else clinic.as_patient
    phone = enter(mine)
    before = state_of(clinic, SOUTH)
    sequences = [row.sequence for row in clinic.rows(tenant=SOUTH)] + [0, 1, 2**40]
    named = {
        "link": [*theirs, "0" * 16, "x", "%00", "*", "1.2.4.4"],
        "series": ["1.2.4.4", "1.2.3.4", "1.9", "..", "x"],
        "number": [1, 2, 0, -1, 10**9],
        "sequence": sequences,
    }

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.data(), st.sampled_from(sorted(NAMING)))
    def crossing(data, route) -> None:
        method, path = route
        for name, drawn in named.items():
            path = path.replace(f"{{{name}}}", str(data.draw(st.sampled_from(drawn))))
        body = {"words": "x"} if path.endswith("question") else None

        answer = phone.ask(method, path, json=body)

        assert answer.status_code in {403, 404, 405, 422}, path
        said = answer.text
        for part in path.split("/"):  # what one said oneself may be said back
            said = said.replace(part, "") if len(part) > 1 else said
        assert [word for word in THEIRS if word in said] == []

    crossing()
    for method, path in sorted(OWN - {("DELETE", "/session")}):
        answer = phone.ask(method, path)
        assert answer.status_code in {200, 403}
        assert [word for word in THEIRS if word in answer.text] == []
    assert state_of(clinic, SOUTH) == before
    assert clinic.node.links.of_exam(clinic.exams[NORTH].id)[0].revoked_at is None
    assert clinic.node.audit.verify().intact
