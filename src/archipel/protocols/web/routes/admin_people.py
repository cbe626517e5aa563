"""Administration of accounts, invitations and bearer tokens."""

from dataclasses import replace

from fastapi import APIRouter

from archipel.access import enrol
from archipel.access.model import Account, MachineToken, Person, Role, Visitor
from archipel.access.model import Invitation as Invited
from archipel.kernel.errors import Conflict, NotFound
from archipel.protocols.web.models.admin import (
    AccountChange,
    AccountCreate,
    AccountView,
    Invitation,
    TokenCreate,
    TokenCreated,
    TokenView,
)
from archipel.protocols.web.routes.admin_peers import tenant_within
from archipel.protocols.web.services import Services, WebServices
from archipel.protocols.web.views import Sites
from archipel.protocols.web.visitors import Administers

routes = APIRouter(prefix="/admin", tags=["administration"])


@routes.get("/people", operation_id="list_people")
def list_people(visitor: Administers, services: Services) -> list[AccountView]:
    """Accounts of the organisations within scope."""
    sites = Sites(services.desk.organisations)
    found = services.desk.accounts.accounts(scope=visitor.scope)
    return [_account(one, sites) for one in found]


@routes.post("/people", operation_id="create_person", status_code=201)
def create_person(wanted: AccountCreate, visitor: Administers, services: Services) -> Invitation:
    """Create an account; its one-time token is shown once."""
    person = Person(
        login=wanted.login.strip().casefold(),
        name=wanted.name.strip(),
        tenant=tenant_within(wanted.organisation, visitor),
        role=Role(wanted.role),
    )
    token, invited = enrol.add_person(
        person, office=services.office(visitor), now=services.clock()
    )
    return _invitation(person.login, token, invited, services)


@routes.patch("/people/{login}", operation_id="change_person")
def change_person(
    login: str, change: AccountChange, visitor: Administers, services: Services
) -> AccountView:
    """Change name or role, disable or enable (a disabled account's sessions end at once)."""
    held = _held(login, visitor, services)
    person = replace(
        held.person,
        name=held.person.name if change.name is None else change.name.strip(),
        role=held.person.role if change.role is None else Role(change.role),
    )
    active = held.active if change.active is None else change.active
    if login == visitor.person.login and (not active or person.role != held.person.role):
        raise Conflict("nobody closes the own account or changes the own role: ask a colleague")
    enrol.change_person(
        person, active=active, office=services.office(visitor), now=services.clock()
    )
    return _account(_held(login, visitor, services), Sites(services.desk.organisations))


@routes.post("/people/{login}/invitation", operation_id="invite_again", status_code=201)
def invite_again(login: str, visitor: Administers, services: Services) -> Invitation:
    """Make a new one-time token; the former one and the password stop working."""
    token, invited = enrol.invite_again(
        login, office=services.office(visitor), now=services.clock()
    )
    return _invitation(login, token, invited, services)


@routes.get("/tokens", operation_id="list_tokens")
def list_tokens(visitor: Administers, services: Services) -> list[TokenView]:
    """Bearer tokens of machine clients within scope, without their secrets."""
    sites = Sites(services.desk.organisations)
    found = services.desk.credentials.tokens(scope=visitor.scope)
    return [_token(one, sites) for one in found]


@routes.post("/tokens", operation_id="create_token", status_code=201)
def create_token(wanted: TokenCreate, visitor: Administers, services: Services) -> TokenCreated:
    """Make a bearer token; its secret is shown once."""
    secret, token = enrol.create_token(
        wanted.login,
        wanted.label,
        days=wanted.days,
        office=services.office(visitor),
        now=services.clock(),
    )
    return TokenCreated(token=_token(token, Sites(services.desk.organisations)), secret=secret)


@routes.delete("/tokens/{token}", operation_id="revoke_token", status_code=204)
def revoke_token(token: str, visitor: Administers, services: Services) -> None:
    """Stop a token at once."""
    enrol.revoke_token(token, office=services.office(visitor), now=services.clock())


def _held(login: str, visitor: Visitor, services: WebServices) -> Account:
    account = services.desk.accounts.account(login)
    if account is None or not visitor.scope.sees(account.person.tenant):
        raise NotFound("there is no such account within your organisations")
    return account


def _account(one: Account, sites: Sites) -> AccountView:
    return AccountView(
        login=one.person.login,
        name=one.person.name,
        organisation=sites.of(one.person.tenant),
        role=one.person.role.value,
        active=one.active,
        invited=one.invited,
        last_sign_in_at=one.last_sign_in_at,
    )


def _invitation(login: str, token: str, invited: Invited, services: WebServices) -> Invitation:
    account = services.desk.accounts.account(login)
    if account is None:
        raise NotFound("the account went away meanwhile")
    sites = Sites(services.desk.organisations)
    return Invitation(account=_account(account, sites), token=token, expires_at=invited.expires_at)


def _token(one: MachineToken, sites: Sites) -> TokenView:
    return TokenView(
        token=one.id,
        label=one.label,
        login=one.login,
        organisation=sites.of(one.tenant),
        created_at=one.created_at,
        expires_at=one.expires_at,
        last_used_at=one.last_used_at,
        revoked=one.revoked,
    )
