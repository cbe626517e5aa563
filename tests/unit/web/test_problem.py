"""Every kind of failure has its status, and what is told names nobody."""

import pytest

from archipel.access.errors import NotSignedIn, SignInDelayed, SignInFailed
from archipel.archive.errors import ReadOnly
from archipel.kernel.errors import ArchipelError
from archipel.protocols.web.problem import STATUS, TITLE, problem, status_of


@pytest.mark.parametrize("kind", ArchipelError.__subclasses__())
def test_every_kind_is_spoken(kind):
    assert kind in STATUS


def test_every_status_has_a_title():
    assert set(STATUS.values()) <= set(TITLE)


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotSignedIn(), 401), (SignInFailed(), 401), (SignInDelayed(3), 429), (ReadOnly("x"), 503)],
)
def test_a_failure_of_a_domain_has_the_status_of_its_nearest_kind(error, status):
    assert status_of(error) == status


def test_each_problem_has_its_own_reference():
    assert problem(404, "not-found", "x").body != problem(404, "not-found", "x").body
