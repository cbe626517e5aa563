"""A node laid out on the spot for tests and measurements: organisations, devices, a reader each.

tokens = furnish(home, {"chu": [Peer("CT"), Peer("PACS", port=4242)]})
with RunningNode(home) as node: ...
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archipel.access import enrol
from archipel.access.model import Device, Duty, Person, Role, Service
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import TenantId


@dataclass(frozen=True, slots=True)
class Peer:
    """A device that may do everything; with a port it can be sent to, on this machine."""

    title: str
    port: int | None = None
    duties: frozenset[Duty] = frozenset()
    certificate: str | None = None


def furnish(
    root: Path, organisations: Mapping[str, Sequence[Peer]], *, database: str = ""
) -> dict[str, str]:
    """Make a node in `root`; return a radiologist's bearer token for each organisation.

    An organisation answers to its key in capitals.
    """
    create_node(Home(root), name="TEST node", community="test", database=database)
    tokens = {}
    with Node.open(Home(root)) as node:
        office, now = node.office("test"), node.clock()
        for key, peers in organisations.items():
            wanted = replace(
                enrol.organisation_from(key, f"TEST {key}"), ae_titles=(AETitle(key.upper()),)
            )
            tenant = enrol.add_organisation(wanted, office=office, now=now).key
            for peer in peers:
                device = Device(
                    ae_title=AETitle(peer.title),
                    tenant=tenant,
                    host="127.0.0.1" if peer.port else None,
                    port=peer.port,
                    may=frozenset(Service),
                    duties=peer.duties,
                    certificate=peer.certificate,
                )
                enrol.register_device(device, office=office, now=now)
            login = f"reader-{key}"
            person = Person(
                login=login, name=f"TEST {login}", tenant=TenantId(key), role=Role.RADIOLOGIST
            )
            enrol.add_person(person, office=office, now=now)
            tokens[key], _ = enrol.create_token(login, "test", office=office, now=now)
    return tokens
