"""The reading worklist: saved lists, filters, keyset pages, counters."""

from typing import Annotated

from fastapi import APIRouter, Query

from archipel.protocols.web.models.exam import (
    WorklistCounts,
    WorklistFilters,
    WorklistPage,
)
from archipel.protocols.web.routes.waiting import waiting

routes = APIRouter(tags=["worklist"])


@routes.get("/worklist", operation_id="get_worklist")
def get_worklist(filters: Annotated[WorklistFilters, Query()]) -> WorklistPage:
    """One page of a list, most urgent first, then longest waiting."""
    raise waiting


@routes.get("/worklist/counts", operation_id="get_worklist_counts")
def get_worklist_counts() -> WorklistCounts:
    """Counter of each saved list."""
    raise waiting
