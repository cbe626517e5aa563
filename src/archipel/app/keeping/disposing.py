"""Approved disposals are carried out by the work process; people's verbs get their desk here."""

from datetime import date, timedelta

from archipel.access.authenticate import Desk as Reception
from archipel.access.authenticate import sign_in, sign_out
from archipel.access.model import Permission, Seat
from archipel.app.operations.quality import bench_of
from archipel.app.wiring import Node
from archipel.archive.keeping.binning import RejectionBin
from archipel.archive.keeping.disposal import Desk, Hands
from archipel.archive.keeping.dispose import execute
from archipel.archive.model import StudyKey
from archipel.kernel.actors import Actor
from archipel.kernel.errors import NotFound, Refused
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.keeping.disposals import SqlDisposals
from archipel.stores.sql.keeping.register import SqlRegister


def carry_out(node: Node) -> int:
    """Carry on what was approved; return how many disposals there were. Raises `Unavailable`."""
    hands = hands_of(node)
    approved = hands.disposals.approved()
    for one in approved:
        now = node.clock()
        for pack in execute(one, hands=hands, today=now.date(), now=now):
            node.packs.retire(pack, now=now)
    return len(approved)


def hands_of(node: Node) -> Hands:
    """Return what carries disposals out."""

    def institution(key: StudyKey) -> str:
        held = node.organisations.organisation(tenant=key.tenant)
        return held.name if held is not None else key.tenant.value

    return Hands(
        register=SqlRegister(node.database),
        disposals=SqlDisposals(node.database),
        bin=RejectionBin(bench_of(node, door="worker"), institution),
        delay=timedelta(days=node.settings.keeping.bin_days),
    )


def operators_desk(node: Node, tenant: TenantId) -> Desk:
    """Open the desk of whoever runs commands here: rules and holds, no word on destruction."""
    office = node.office("cli")
    return _desk(node, tenant, office.scope.actor, office.permissions)


def persons_desk(node: Node, tenant: TenantId, login: str, password: str) -> Desk:
    """Open the desk of a person, who shows their password. Raises `SignInFailed`, `Refused`."""
    reception = Reception(
        accounts=node.accounts,
        credentials=node.credentials,
        attempts=node.attempts,
        organisations=node.organisations,
        audit=node.audit,
    )
    now = node.clock()
    cookie, visitor = sign_in(
        login, password, seat=Seat(address="127.0.0.1"), desk=reception, now=now
    )
    sign_out(cookie, desk=reception, now=now)
    if tenant not in visitor.scope.tenants:
        raise Refused(f"{login} acts for another organisation than {tenant}")
    return _desk(node, tenant, visitor.scope.actor, visitor.permissions)


def today_of(node: Node) -> date:
    """Return the day by which times are judged."""
    return node.clock().date()


def _desk(node: Node, tenant: TenantId, actor: Actor, permissions: frozenset[Permission]) -> Desk:
    if node.organisations.organisation(tenant=tenant) is None:
        raise NotFound(f"no organisation {tenant} is at home here")
    return Desk(
        register=SqlRegister(node.database),
        disposals=SqlDisposals(node.database),
        audit=node.audit,
        tenant=tenant,
        actor=actor,
        permissions=permissions,
        door="cli",
    )
