"""Administration of accounts and tokens, and the audit."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from archipel.protocols.web.models.admin import (
    AccountChange,
    AccountCreate,
    AccountView,
    AuditPage,
    ChainState,
    Invitation,
    TokenCreate,
    TokenCreated,
    TokenView,
)
from archipel.protocols.web.routes.waiting import waiting

routes = APIRouter(prefix="/admin", tags=["administration"])


@routes.get("/people", operation_id="list_people")
def list_people() -> list[AccountView]:
    """Accounts of the organisations within scope."""
    raise waiting


@routes.post("/people", operation_id="create_person", status_code=201)
def create_person(wanted: AccountCreate) -> Invitation:
    """Create an account; its one-time token is shown once."""
    raise waiting


@routes.patch("/people/{login}", operation_id="change_person")
def change_person(login: str, change: AccountChange) -> AccountView:
    """Change name or role, disable or enable (a disabled account's sessions end at once)."""
    raise waiting


@routes.post("/people/{login}/invitation", operation_id="invite_again", status_code=201)
def invite_again(login: str) -> Invitation:
    """Make a new one-time token; the former one and the password stop working."""
    raise waiting


@routes.get("/tokens", operation_id="list_tokens")
def list_tokens() -> list[TokenView]:
    """Bearer tokens of machine clients within scope, without their secrets."""
    raise waiting


@routes.post("/tokens", operation_id="create_token", status_code=201)
def create_token(wanted: TokenCreate) -> TokenCreated:
    """Make a bearer token; its secret is shown once."""
    raise waiting


@routes.delete("/tokens/{token}", operation_id="revoke_token", status_code=204)
def revoke_token(token: str) -> None:
    """Stop a token at once."""
    raise waiting


@routes.get("/audit", operation_id="search_audit")
def search_audit(
    *,
    actor: Annotated[str, Query(max_length=64)] = "",
    action: Annotated[str, Query(max_length=32)] = "",
    subject: Annotated[str, Query(max_length=128)] = "",
    door: Annotated[str, Query(max_length=16)] = "",
    since: datetime | None = None,
    before: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AuditPage:
    """Rows of the audit within scope, newest first."""
    raise waiting


@routes.get("/audit/chain", operation_id="get_audit_chain")
def get_audit_chain() -> ChainState:
    """Check the hash chain from its first row."""
    raise waiting
