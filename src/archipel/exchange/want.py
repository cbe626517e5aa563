"""Wanting a study of another node, for an organisation of ours: what other rooms call."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from archipel.archive.model import StudyKey
from archipel.exchange.ports import Owners, Transfers
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import Transfer, TransferState
from archipel.kernel.errors import Conflict
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants from another node, and why.

    `study` names its owner at `from_node`; `reason` a request or a login, never a patient's
    name; `first` the series somebody waits for.
    """

    study: StudyKey
    from_node: str
    of_class: TransferClass
    reason: str
    wanted_by: TenantId
    first: Collection[Uid] = ()


def check_home(tenant: TenantId, node: str, *, owners: Owners) -> None:
    """Raise `Conflict` unless an organisation is at home on the node that speaks for it."""
    home = owners.home(tenant)
    if home is None or home.value != node:
        where = f"at home on {home}" if home else "at home nowhere that is known here"
        raise Conflict(f"{node} does not speak for {tenant}, which is {where}")


def want(wish: Wish, *, transfers: Transfers, owners: Owners, now: datetime) -> Transfer:
    """Have a study fetched; one under way is given back, in the more urgent of both classes.

    Raises `Conflict` when the study is an organisation's of this node (it is here already), or
    of an organisation that is not at home on the node it is wanted from.
    """
    study = wish.study
    if owners.local(study.tenant):
        raise Conflict(f"study {study.study} belongs to {study.tenant}, which is at home here")
    check_home(study.tenant, wish.from_node, owners=owners)
    wanted = Transfer(
        id=secrets.token_hex(16),
        key=study,
        from_node=wish.from_node,
        wanted_by=wish.wanted_by,
        of_class=wish.of_class,
        reason=wish.reason,
        state=TransferState.WANTED,
        wanted_at=now,
        changed_at=now,
        first=tuple(wish.first),
    )
    return transfers.want(wanted, now=now)
