"""Administration of organisations, DICOM devices and unknown callers."""

from dataclasses import replace

from fastapi import APIRouter

from archipel.access import enrol
from archipel.access.model import (
    Device,
    Organisation,
    Permission,
    Service,
    UnknownCaller,
    Visitor,
)
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.protocols.web.models.admin import (
    CallerApproval,
    DeviceChange,
    DeviceCreate,
    DeviceView,
    EchoResult,
    OrganisationChange,
    OrganisationCreate,
    OrganisationView,
    ServiceName,
    UnknownCallerView,
)
from archipel.protocols.web.opaque import opened, seal
from archipel.protocols.web.services import Services, WebServices
from archipel.protocols.web.views import Sites
from archipel.protocols.web.visitors import Administers, AdministersNode

routes = APIRouter(prefix="/admin", tags=["administration"])


@routes.get("/organisations", operation_id="list_organisations")
def list_organisations(visitor: Administers, services: Services) -> list[OrganisationView]:
    """Organisations within scope."""
    return [_organisation(one) for one in services.desk.organisations.within(visitor.scope)]


@routes.post("/organisations", operation_id="create_organisation", status_code=201)
def create_organisation(
    wanted: OrganisationCreate, visitor: AdministersNode, services: Services
) -> OrganisationView:
    """Add an organisation to this node."""
    drawn = enrol.organisation_from(
        wanted.key, wanted.name, issuer=wanted.issuer, finess=wanted.finess
    )
    drawn = replace(drawn, ae_titles=tuple(AETitle.parse(one) for one in wanted.ae_titles))
    office = services.office(visitor)
    return _organisation(enrol.add_organisation(drawn, office=office, now=services.clock()))


@routes.patch("/organisations/{organisation}", operation_id="change_organisation")
def change_organisation(
    organisation: str, change: OrganisationChange, visitor: Administers, services: Services
) -> OrganisationView:
    """Change the name, FINESS or AE titles."""
    tenant = tenant_within(organisation, visitor)
    held = services.desk.organisations.organisation(tenant=tenant)
    if held is None:
        raise NotFound(f"no organisation {tenant}")
    wanted = replace(
        held,
        name=held.name if change.name is None else change.name,
        finess=change.finess if "finess" in change.model_fields_set else held.finess,
        ae_titles=held.ae_titles
        if change.ae_titles is None
        else tuple(AETitle.parse(one) for one in change.ae_titles),
    )
    office = services.office(visitor)
    return _organisation(enrol.change_organisation(wanted, office=office, now=services.clock()))


@routes.get("/devices", operation_id="list_devices")
def list_devices(visitor: Administers, services: Services) -> list[DeviceView]:
    """Known DICOM peers within scope."""
    sites = Sites(services.desk.organisations)
    found = services.desk.organisations.devices(scope=visitor.scope)
    return [_device(one, sites) for one in found]


@routes.post("/devices", operation_id="create_device", status_code=201)
def create_device(wanted: DeviceCreate, visitor: Administers, services: Services) -> DeviceView:
    """Register a DICOM peer."""
    device = Device(
        ae_title=AETitle.parse(wanted.ae_title),
        tenant=tenant_within(wanted.organisation, visitor),
        host=wanted.host,
        port=wanted.port,
        may=_services(wanted.may),
    )
    office = services.office(visitor)
    kept = enrol.register_device(device, office=office, now=services.clock())
    return _device(kept, Sites(services.desk.organisations))


@routes.patch("/devices/{device}", operation_id="change_device")
def change_device(
    device: str, change: DeviceChange, visitor: Administers, services: Services
) -> DeviceView:
    """Change the address or the services granted."""
    held, said = _held(device, visitor, services), change.model_fields_set
    wanted = replace(
        held,
        host=change.host if "host" in said else held.host,
        port=change.port if "port" in said else held.port,
        may=held.may if change.may is None else _services(change.may),
    )
    office = services.office(visitor)
    kept = enrol.change_device(wanted, office=office, now=services.clock())
    return _device(kept, Sites(services.desk.organisations))


@routes.delete("/devices/{device}", operation_id="remove_device", status_code=204)
def remove_device(device: str, visitor: Administers, services: Services) -> None:
    """Forget a DICOM peer."""
    held = _held(device, visitor, services)
    enrol.forget_device(
        held.ae_title, tenant=held.tenant, office=services.office(visitor), now=services.clock()
    )


@routes.post("/devices/{device}/echo", operation_id="echo_device")
def echo_device(device: str, visitor: Administers, services: Services) -> EchoResult:
    """Try C-ECHO to the peer now."""
    held = _held(device, visitor, services)
    if held.host is None or held.port is None:
        return EchoResult(ok=False, duration_ms=0, detail="no address is registered")
    outcome = services.echo(held)
    return EchoResult(ok=outcome.ok, duration_ms=outcome.duration_ms, detail=outcome.detail)


@routes.get("/unknown-callers", operation_id="list_unknown_callers")
def list_unknown_callers(visitor: Administers, services: Services) -> list[UnknownCallerView]:
    """Who knocked at the DICOM door and was refused."""
    sites = Sites(services.desk.organisations)
    found = services.desk.organisations.callers(scope=visitor.scope, nobodys=_nobodys(visitor))
    return [
        UnknownCallerView(
            caller=seal(one.calling.value, one.called.value),
            calling=one.calling.value,
            called=one.called.value,
            organisation=sites.of(one.tenant) if one.tenant else None,
            host=one.host,
            first_seen=one.first_seen,
            last_seen=one.last_seen,
            knocks=one.knocks,
        )
        for one in found
    ]


@routes.post("/unknown-callers/{caller}/approve", operation_id="approve_caller", status_code=201)
def approve_caller(
    caller: str, approval: CallerApproval, visitor: Administers, services: Services
) -> DeviceView:
    """Make a device of a caller, at the address it called from."""
    waiting = _caller(caller, visitor, services)
    device = Device(
        ae_title=waiting.calling,
        tenant=tenant_within(approval.organisation, visitor),
        host=waiting.host,
        port=approval.port,
        may=_services(approval.may),
    )
    kept = enrol.approve_caller(
        device,
        called=waiting.called,
        office=services.office(visitor),
        now=services.clock(),
    )
    return _device(kept, Sites(services.desk.organisations))


@routes.delete("/unknown-callers/{caller}", operation_id="dismiss_caller", status_code=204)
def dismiss_caller(caller: str, visitor: Administers, services: Services) -> None:
    """Take a caller off the list; it comes back when it knocks again."""
    waiting = _caller(caller, visitor, services)
    enrol.dismiss_caller(
        waiting.calling,
        waiting.called,
        office=services.office(visitor),
        now=services.clock(),
    )


def tenant_within(key: str, visitor: Visitor) -> TenantId:
    """Read an organisation's key. Raises `NotFound` for one outside the visitor's scope."""
    tenant = next((one for one in visitor.scope.tenants if one.value == key), None)
    if tenant is None:
        raise NotFound("there is no such organisation within your reach")
    return tenant


def _nobodys(visitor: Visitor) -> bool:
    """Tell whether callers of a title that names nobody are this visitor's business."""
    return visitor.may(Permission.ADMINISTER_NODE)


def _held(device: str, visitor: Visitor, services: WebServices) -> Device:
    tenant, title = opened(device, parts=2)
    for one in services.desk.organisations.devices(scope=visitor.scope):
        if (one.tenant.value, one.ae_title.value) == (tenant, title):
            return one
    raise NotFound("there is no such device within your organisations")


def _caller(caller: str, visitor: Visitor, services: WebServices) -> UnknownCaller:
    calling, called = opened(caller, parts=2)
    found = services.desk.organisations.callers(scope=visitor.scope, nobodys=_nobodys(visitor))
    for one in found:
        if (one.calling.value, one.called.value) == (calling, called):
            return one
    raise NotFound("nobody of this name knocked within your organisations")


def _services(names: list[ServiceName]) -> frozenset[Service]:
    return frozenset(Service(name) for name in names)


def _organisation(one: Organisation) -> OrganisationView:
    return OrganisationView(
        key=one.key.value,
        name=one.name,
        issuer=one.issuer.namespace,
        finess=one.finess,
        ae_titles=[title.value for title in one.ae_titles],
    )


def _device(one: Device, sites: Sites) -> DeviceView:
    return DeviceView(
        device=seal(one.tenant.value, one.ae_title.value),
        ae_title=one.ae_title.value,
        organisation=sites.of(one.tenant),
        host=one.host,
        port=one.port,
        may=sorted(service.value for service in one.may),
    )
