"""The web application of a node: every tongue that speaks HTTP, on one origin."""

import time
from collections.abc import Callable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

import archipel
from archipel.access.authenticate import Desk
from archipel.access.model import Device, Visitor
from archipel.app.dicom_door import measures
from archipel.app.health import status_of
from archipel.app.network.switchboard import Switchboard
from archipel.app.network.view import network_of
from archipel.app.operations.comparing import Comparing
from archipel.app.operations.deidentifying import Deidentifying
from archipel.app.operations.letters import Letters
from archipel.app.operations.quality import bench_of
from archipel.app.operations.webhooks import desk_of
from archipel.app.peer_keys import name_of
from archipel.app.requests.travel import FetchedHere, LinkTravel
from archipel.app.results.door import portal_services
from archipel.app.settings import origins_of
from archipel.app.transfer.elsewhere import OtherNodes
from archipel.app.wiring import Node
from archipel.kernel.errors import ArchipelError, NotFound
from archipel.kernel.identifiers import Issuer, TenantId
from archipel.protocols import dicomweb
from archipel.protocols.dicomweb import DicomwebServices
from archipel.protocols.dimse.echo_scu import echo
from archipel.protocols.dimse.user import peer_at
from archipel.protocols.web.application import application as web_application
from archipel.protocols.web.portal.router import portal_router
from archipel.protocols.web.services import (
    AskingPorts,
    EchoOutcome,
    NodeIdentity,
    Settling,
    Sharing,
    WebServices,
)
from archipel.protocols.web.visitors import recogniser
from archipel.reading.request.island import Island
from archipel.stores.sql.archive.differences import SqlDifferences
from archipel.stores.sql.identity import SqlPersons
from archipel.stores.sql.results.feed import SqlFeed


def application(node: Node) -> FastAPI:
    """Build what the server runs for this node."""
    secure = bool(node.settings.http.tls_certificate)
    desk = Desk(
        accounts=node.accounts,
        credentials=node.credentials,
        attempts=node.attempts,
        organisations=node.organisations,
        audit=node.audit,
    )
    recognise = recogniser(desk, clock=node.clock, secure=secure)
    services = WebServices(
        node=_identity(node),
        clock=node.clock,
        recognise=recognise,
        desk=desk,
        trail=node.audit,
        exams=node.exams,
        claims=node.claims,
        drafts=node.drafts,
        documents=node.documents,
        pictures=node.pictures,
        changes=node.changes,
        sharing=Sharing(
            links=node.links,
            releases=node.releases,
            correspondents=node.correspondents,
            mails=node.mails,
            trail=node.audit,
            secrets=lambda: node.portal_secrets,
            address=f"{node.settings.public_url}/portal/",
            mailed=bool(node.settings.mail.host),
        ),
        asking=_asking(node),
        elsewhere=OtherNodes(node),
        oppositions=node.oppositions,
        quarantine=node.quarantine,
        letters=Letters(node.database, node.audit, node.clock, door="web"),
        settling=_settling(node),
        persons=SqlPersons(node.database),
        deidentifying=Deidentifying(node, door="web"),
        feed=SqlFeed(node.database),
        hooks=desk_of(node),
        echo=lambda device: _echo(node, device),
        status=lambda: status_of(node),
        network=lambda complete: network_of(node, complete=complete),
        switchboard=_switchboard(node),
        secure=secure,
    )
    portal = portal_router(portal_services(node, secure=secure))
    routes = [
        Mount("/dicomweb", _dicomweb(node, recognise)),
        Route("/health", _health(node)),
    ]
    return web_application(services, doors=[portal], routes=routes)


def _asking(node: Node) -> AskingPorts:
    name, travel = name_of(node.settings).value, LinkTravel(node)
    return AskingPorts(
        node=name,
        requests=node.requests,
        agreements=node.reading_agreements,
        travel=travel,
        arrivals=FetchedHere(node),
        island=Island(
            node=name,
            requests=node.requests,
            travel=travel,
            routine_alone=node.settings.peer.routine_alone,
        ),
    )


def _settling(node: Node) -> Settling:
    comparing = Comparing(
        quarantine=node.quarantine,
        holdings=node.holdings,
        contents=node.contents,
        pictures=node.pictures,
    )
    return Settling(
        differences=SqlDifferences(node.database),
        comparing=comparing,
        quality=bench_of(node, door="web"),
    )


def _dicomweb(node: Node, recognise: Callable[[Request], Visitor]) -> ASGIApp:
    door = dicomweb.router(_images(node, recognise))
    return dicomweb.across_origins(door, origins_of(node.settings.http.dicomweb_origins))


def _images(node: Node, recognise: Callable[[Request], Visitor]) -> DicomwebServices:
    return DicomwebServices(
        visitor=recognise,
        issuer_of=lambda tenant: _issuer(node, tenant),
        catalogue=node.catalogue,
        contents=node.contents,
        journal=node.journal,
        audit=node.audit,
        workshop=node.workshop,
        workitems=node.workitems,
        commitments=node.commitments,
        clock=node.clock,
    )


def _identity(node: Node) -> NodeIdentity:
    told = node.settings.node
    return NodeIdentity(
        name=told.name,
        community=told.community,
        version=archipel.__version__,
        demo=told.demonstration,
        time_zone=told.time_zone,
    )


def _switchboard(node: Node) -> Switchboard | None:
    """Return the simulated lines of a demonstration; a real node has none."""
    told = node.settings.node
    return Switchboard(told.switchboard) if told.demonstration and told.switchboard else None


def _issuer(node: Node, tenant: TenantId) -> Issuer:
    organisation = node.organisations.organisation(tenant=tenant)
    if organisation is None:
        raise NotFound(f"no organisation {tenant}")
    return organisation.issuer


def _echo(node: Node, device: Device) -> EchoOutcome:
    """Try C-ECHO to a device, called by the title of its organisation."""
    organisation = node.organisations.organisation(tenant=device.tenant)
    if device.host is None or device.port is None or organisation is None:
        return EchoOutcome(ok=False, duration_ms=0, detail="no address is known for this device")
    told = measures(node.settings.dicom)
    peer = peer_at(device, calling=organisation.ae_titles[0], settings=told)
    began = time.perf_counter()
    try:
        echo(peer)
    except ArchipelError as error:
        return EchoOutcome(ok=False, duration_ms=_since(began), detail=str(error))
    return EchoOutcome(ok=True, duration_ms=_since(began), detail="")


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


def _health(node: Node) -> Callable[[Request], JSONResponse]:
    """Answer load balancers: 200 when images can be read and taken in, else 503 and why."""

    def health(_request: Request) -> JSONResponse:
        try:
            node.organisations.tenants()
        except ArchipelError as error:
            return JSONResponse({"ok": False, "reason": str(error)}, 503)
        reason = node.journal.health.reason()
        body = {"ok": reason is None, "reason": reason, "version": archipel.__version__}
        return JSONResponse(body, 503 if reason else 200)

    return health
