"""Who may do what: one table of roles, one decision at the DICOM door. Denied unless granted.

Roles follow what each profession does in a French imaging department. A referrer finds and lists
nothing until the node can tell whose patients are theirs: they open a released report of their
organisation whose name they were given (ADR 0070), and follow the requests they made themselves.
Administrators see no images and no reports.
"""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import MappingProxyType

from archipel.access.errors import CalledUnknown, CallerElsewhere, CallerNotProved, CallerUnknown
from archipel.access.model import Admission, Permission, Person, Role
from archipel.access.ports import Devices
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import TenantId

_P = Permission

GRANTS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.RADIOLOGIST: frozenset(
            {
                _P.SEE_EXAMS,
                _P.READ_IMAGES,
                _P.STORE_IMAGES,  # measurements and key images
                _P.SEND_IMAGES,
                _P.PERFORM_STEPS,
                _P.SEARCH_PATIENTS,
                _P.WRITE_REPORTS,
                _P.SIGN_REPORTS,
                _P.READ_REPORTS,
                _P.SHARE_RESULTS,
                _P.ASK_READING,
                _P.CHOOSE_READING,
                _P.RECORD_OPPOSITION,
                _P.EXPORT_DEIDENTIFIED,
            }
        ),
        Role.TECHNOLOGIST: frozenset(
            {
                _P.SEE_EXAMS,
                _P.READ_IMAGES,
                _P.STORE_IMAGES,
                _P.SEND_IMAGES,
                _P.PERFORM_STEPS,
                _P.SEARCH_PATIENTS,
                _P.SETTLE_ARRIVALS,
                _P.CORRECT_EXAMS,
                _P.READ_REPORTS,
                _P.ASK_READING,
            }
        ),
        Role.REFERRER: frozenset({_P.READ_REPORTS, _P.ASK_READING, _P.CHOOSE_READING}),
        Role.SECRETARY: frozenset(
            {
                _P.SEE_EXAMS,
                _P.SEARCH_PATIENTS,
                _P.READ_REPORTS,
                _P.SHARE_RESULTS,
                _P.RECORD_OPPOSITION,
            }
        ),
        Role.IDENTITY_OFFICER: frozenset(
            {_P.SEE_EXAMS, _P.SEARCH_PATIENTS, _P.RESOLVE_IDENTITY, _P.RECORD_OPPOSITION}
        ),
        Role.SITE_ADMIN: frozenset(
            {
                _P.ADMINISTER_ORGANISATION,
                _P.SETTLE_ARRIVALS,
                _P.CORRECT_EXAMS,
                _P.SEE_NODE,
                _P.SEE_AUDIT,
            }
        ),
        Role.NETWORK_ADMIN: frozenset(
            {_P.ADMINISTER_ORGANISATION, _P.ADMINISTER_NODE, _P.SEE_NODE, _P.SEE_AUDIT}
        ),
        Role.GOVERNANCE: frozenset({_P.SEE_NODE}),  # figures, never a person
    }
)

_OF_THE_NETWORK = frozenset({Role.NETWORK_ADMIN, Role.GOVERNANCE})


def admit(
    calling: AETitle,
    called: AETitle,
    *,
    host: str,
    devices: Devices,
    now: datetime,
    certificate: str | None = None,
) -> Admission:
    """Decide on an association: whom it called, whether the caller is known, what it may do.

    `host` is the peer's network address. A device registered at a literal address may call from
    there only; one registered by name or without address may call from anywhere. `certificate`
    is the fingerprint of the one it has shown over TLS: a device with a registered certificate
    is heard with that one only, never in clear. Whoever is refused is remembered for the list of
    unknown callers. Raises `CalledUnknown`, `CallerUnknown`, `CallerElsewhere`,
    `CallerNotProved`.
    """
    organisation = devices.organisation_called(called)
    if organisation is None:
        devices.knocked(calling, called, host=host, now=now)
        raise CalledUnknown(called)
    device = devices.device(calling, tenant=organisation.key)
    if device is None:
        devices.knocked(calling, called, host=host, now=now)
        raise CallerUnknown(calling, called)
    if device.host is not None and _is_elsewhere(host, device.host):
        devices.knocked(calling, called, host=host, now=now)
        raise CallerElsewhere(calling, host, device.host)
    if device.certificate is not None and device.certificate != certificate:
        devices.knocked(calling, called, host=host, now=now)
        raise CallerNotProved(calling, host, in_clear=certificate is None)
    return Admission(
        tenant=organisation.key,
        issuer=organisation.issuer,
        scope=Scope(Actor(ActorKind.DEVICE, calling.value), frozenset({organisation.key})),
        may=device.may,
    )


def visit(person: Person, *, everywhere: frozenset[TenantId], actor: Actor | None = None) -> Scope:
    """Say how far a person sees: the own organisation; those of the network see `everywhere`.

    `actor` is who acts when it is not the person (a machine client).
    """
    of_the_network = person.role in _OF_THE_NETWORK
    return Scope(
        actor or Actor(ActorKind.PERSON, person.login),
        (everywhere if of_the_network else frozenset()) | {person.tenant},
    )


def may_appoint(permissions: frozenset[Permission]) -> frozenset[Role]:
    """Say which roles somebody with these permissions may give to a person of their scope.

    Nobody gives more than they have: network roles come from a network administrator only.
    """
    if Permission.ADMINISTER_NODE in permissions:
        return frozenset(Role)
    if Permission.ADMINISTER_ORGANISATION in permissions:
        return frozenset(Role) - _OF_THE_NETWORK
    return frozenset()


def _is_elsewhere(host: str, expected: str) -> bool:
    registered, calling = _literal(expected), _literal(host)
    return registered is not None and registered != calling


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
