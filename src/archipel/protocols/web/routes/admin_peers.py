"""Administration of organisations, DICOM devices and unknown callers."""

from fastapi import APIRouter

from archipel.protocols.web.models.admin import (
    CallerApproval,
    DeviceChange,
    DeviceCreate,
    DeviceView,
    EchoResult,
    OrganisationChange,
    OrganisationCreate,
    OrganisationView,
    UnknownCallerView,
)
from archipel.protocols.web.routes.waiting import waiting

routes = APIRouter(prefix="/admin", tags=["administration"])


@routes.get("/organisations", operation_id="list_organisations")
def list_organisations() -> list[OrganisationView]:
    """Organisations within scope."""
    raise waiting


@routes.post("/organisations", operation_id="create_organisation", status_code=201)
def create_organisation(wanted: OrganisationCreate) -> OrganisationView:
    """Add an organisation to this node."""
    raise waiting


@routes.patch("/organisations/{organisation}", operation_id="change_organisation")
def change_organisation(organisation: str, change: OrganisationChange) -> OrganisationView:
    """Change the name, FINESS or AE titles."""
    raise waiting


@routes.get("/devices", operation_id="list_devices")
def list_devices() -> list[DeviceView]:
    """Known DICOM peers within scope."""
    raise waiting


@routes.post("/devices", operation_id="create_device", status_code=201)
def create_device(wanted: DeviceCreate) -> DeviceView:
    """Register a DICOM peer."""
    raise waiting


@routes.patch("/devices/{device}", operation_id="change_device")
def change_device(device: str, change: DeviceChange) -> DeviceView:
    """Change the address or the services granted."""
    raise waiting


@routes.delete("/devices/{device}", operation_id="remove_device", status_code=204)
def remove_device(device: str) -> None:
    """Forget a DICOM peer."""
    raise waiting


@routes.post("/devices/{device}/echo", operation_id="echo_device")
def echo_device(device: str) -> EchoResult:
    """Try C-ECHO to the peer now."""
    raise waiting


@routes.get("/unknown-callers", operation_id="list_unknown_callers")
def list_unknown_callers() -> list[UnknownCallerView]:
    """Who knocked at the DICOM door and was refused."""
    raise waiting


@routes.post(
    "/unknown-callers/{caller}/approve", operation_id="approve_caller", status_code=201
)
def approve_caller(caller: str, approval: CallerApproval) -> DeviceView:
    """Make a device of a caller."""
    raise waiting


@routes.delete("/unknown-callers/{caller}", operation_id="dismiss_caller", status_code=204)
def dismiss_caller(caller: str) -> None:
    """Take a caller off the list; it comes back when it knocks again."""
    raise waiting
