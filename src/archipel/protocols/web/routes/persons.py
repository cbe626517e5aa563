"""Patients: search and timeline."""

from typing import Annotated

from fastapi import APIRouter, Query

from archipel.protocols.web.models.people import PersonHits, PersonPage
from archipel.protocols.web.routes.waiting import waiting

routes = APIRouter(tags=["persons"])


@routes.get("/persons", operation_id="find_persons")
def find_persons(
    q: Annotated[str, Query(min_length=1, max_length=128)],
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
) -> PersonHits:
    """Find by name, birth date or identifier."""
    raise waiting


@routes.get("/persons/{person}", operation_id="get_person")
def get_person(person: str) -> PersonPage:
    """Banner and exams of one person over the organisations in scope."""
    raise waiting
