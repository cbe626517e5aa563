"""What a node is told: one frozen tree, read from settings.toml and the environment.

A value of section ``http``, name ``bind`` is overridden by ``ARCHIPEL_HTTP__BIND``. Unknown
sections or names are refused, so that a misspelt setting is never silently without effect.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from archipel.exchange.caps import caps_of
from archipel.kernel.errors import Malformed

ENVIRONMENT_PREFIX = "ARCHIPEL_"
SHORTEST_LEASE_S, LONGEST_LEASE_S = 1, 3600
LOOPBACK = ("127.", "localhost", "[::1]", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """Who this node is."""

    name: str = "Archipel"
    community: str = "demo"  # the region it belongs to
    number: int = 1  # told apart from the other nodes in journal segments, 1 to 65535
    demonstration: bool = False  # fictional data only: every screen says so
    time_zone: str = ""  # in which screens write the time; empty: that of each seat
    switchboard: str = ""  # host:port of a demonstration's simulated lines; loopback only


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """The web door."""

    bind: str = "127.0.0.1:8042"
    tls_certificate: str = ""  # path of a PEM chain; needed to bind beyond loopback
    tls_key: str = ""
    dicomweb_origins: str = ""  # pages of others that may read by DICOMweb, with a bearer token


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomSettings:
    """The DICOM door (PS3.8)."""

    bind: str = "127.0.0.1:11112"
    plain_lan: bool = False  # modalities rarely speak TLS: say yes to bind beyond loopback
    workers: int = 2  # processes
    maximum_pdu_bytes: int = 131072
    associate_timeout_s: float = 5.0  # to a whole A-ASSOCIATE-RQ
    idle_timeout_s: float = 60.0  # without a PDU in an association
    maximum_associations: int = 200
    associations_per_address: int = 64
    tls_bind: str = ""  # host:port for associations over TLS; empty: none (2762 is DICOM's)
    tls_certificate: str = ""  # paths of PEM files: the node's chain
    tls_key: str = ""
    tls_authority: str = ""  # who vouches for the devices, or their own certificates


@dataclass(frozen=True, slots=True, kw_only=True)
class Hl7Settings:
    """The HL7 door (MLLP). Without `listen` there is none."""

    listen: str = ""  # host:port
    plain_lan: bool = False  # RIS rarely speak TLS: say yes to listen beyond loopback
    tls_certificate: str = ""  # path of a PEM chain
    tls_key: str = ""
    tls_authority: str = ""  # path of a PEM file; senders must then show a certificate of it
    maximum_bytes: int = 4 << 20  # of one message
    maximum_connections: int = 64
    connections_per_address: int = 16
    idle_timeout_s: float = 3600.0  # between two messages of a connection
    messages_per_second: float = 500.0  # of one connection
    release_2: bool = False  # MLLP release 2: a commit block before each answer


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """The index."""

    url: str = ""  # empty: SQLite in the node's home
    lease_s: float = 30.0  # a host that says nothing for so long is taken for gone


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSettings:
    """The object store (S3) of sealed series. Without `url` they lie in the node's home."""

    url: str = ""  # s3://bucket or s3://bucket/prefix
    endpoint: str = ""  # of another store than Amazon's: https://host:port
    region: str = "us-east-1"
    access_key: str = ""  # empty: as AWS_ACCESS_KEY_ID or the machine's role says
    secret_key: str = ""
    plain_lan: bool = False  # speak http beyond this machine
    cache_bytes: int = 20 << 30  # of what was read, kept on the local disk


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSettings:
    """When a series is sealed, when a study is complete, when the disk is too full."""

    series_quiet_s: float = 10.0
    study_quiet_s: float = 60.0
    low_disk_bytes: int = 2 << 30  # below this much free space nothing is taken in
    segment_bytes: int = 256 << 20
    pack_grace_s: float = 3600.0  # how long a replaced pack is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingSettings:
    """How what is kept is watched over."""

    scrub_every_days: float = 7.0  # from the beginning of one scrub to the next; 0: never
    scrub_mbytes_per_s: float = 20.0  # read by it; a tenth while the node is busy
    cold_path: str = ""  # a folder on another disk, for packs that nobody reads; empty: none
    cold_after_days: float = 90.0  # since a pack was read last
    bin_days: float = 30.0  # that an exam of an approved disposal is only hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSettings:
    """The door to the other nodes of the archipelago (always mutual TLS 1.3)."""

    name: str = ""  # the node's short name, such as mq; empty: from node.community
    listen: str = ""  # host:port; empty: nobody comes in, this node only calls
    address: str = ""  # host:port as the others reach it; empty: as peer.listen
    idle_timeout_s: float = 300.0  # without a request on a connection; a slow line needs it
    line_out_mbit: float = 0.0  # what the site's line carries outwards; 0: not known, not shaped
    line_in_mbit: float = 0.0  # and inwards; 0: not known
    routine_alone: bool = False  # claim what is not urgent while the line to its node is cut
    caps: str = ""  # never more than so many Mbit/s to a node: gf=8@07:00-19:00 gf/backfill=2
    via: str = ""  # peers reached elsewhere than they say (VPN, NAT): gp=10.8.0.2:8443 gf=...


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The mail server that takes our mails. Without a host nothing is mailed."""

    host: str = ""
    port: int = 587
    security: str = "starttls"  # or tls; or none, on this machine only
    sender: str = ""
    login: str = ""
    password: str = ""
    authority: str = ""  # path of a PEM file
    timeout_s: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSettings:
    """The results portal."""

    url: str = ""  # how it is reached from outside; empty: at the web door itself
    proxies: str = ""  # addresses of our reverse proxies, separated by spaces


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Where changes may be sent."""

    private_networks: str = ""  # that receivers may be in, as 10.1.0.0/16, separated by spaces
    authority: str = ""  # path of a PEM file: who else signs receivers' certificates
    timeout_s: float = 10.0  # to a whole answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole tree."""

    node: NodeSettings = field(default_factory=NodeSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    dicom: DicomSettings = field(default_factory=DicomSettings)
    hl7: Hl7Settings = field(default_factory=Hl7Settings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    objects: ObjectSettings = field(default_factory=ObjectSettings)
    archive: ArchiveSettings = field(default_factory=ArchiveSettings)
    keeping: KeepingSettings = field(default_factory=KeepingSettings)
    peer: PeerSettings = field(default_factory=PeerSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    portal: PortalSettings = field(default_factory=PortalSettings)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)

    @property
    def public_url(self) -> str:
        """Return what mails say as the node's address: configured, never what a request said."""
        scheme = "https" if self.http.tls_certificate else "http"
        return self.portal.url.rstrip("/") or f"{scheme}://{self.http.bind}"

    def check_doors(self) -> None:
        """Refuse to listen beyond this machine in clear. Raises `Malformed`."""
        if not on_loopback(self.http.bind) and not self.http.tls_certificate:
            raise Malformed(
                f"http.bind is {self.http.bind}: beyond loopback the web door needs "
                "http.tls_certificate and http.tls_key"
            )
        if not on_loopback(self.dicom.bind) and not self.dicom.plain_lan:
            raise Malformed(
                f"dicom.bind is {self.dicom.bind}: beyond loopback the DICOM door needs "
                "dicom.plain_lan = true, on a network that only modalities reach"
            )
        _check_files(self.dicom)
        hl7 = self.hl7
        if hl7.listen and not (on_loopback(hl7.listen) or hl7.plain_lan or hl7.tls_certificate):
            raise Malformed(
                f"hl7.listen is {hl7.listen}: beyond loopback the HL7 door needs "
                "hl7.tls_certificate and hl7.tls_key, or hl7.plain_lan = true, on a network that "
                "only the site's own systems reach"
            )
        if self.mail.host and self.mail.security == "none" and not on_loopback(self.mail.host):
            raise Malformed(
                f"mail.host is {self.mail.host}: beyond this machine mail.security is "
                "starttls or tls"
            )
        if self.node.switchboard and not (
            self.node.demonstration and on_loopback(self.node.switchboard)
        ):
            raise Malformed(
                "node.switchboard cuts simulated lines: it is for a demonstration "
                "(node.demonstration = true), on this machine only"
            )
        if self.node.time_zone not in {"", *available_timezones()}:
            raise Malformed(
                f"node.time_zone is {self.node.time_zone}: it is a name of the tz database, such "
                "as America/Cayenne"
            )
        _check_store(self.objects)
        if self.keeping.cold_path and self.objects.url:
            raise Malformed("keeping.cold_path is for packs in a folder, not in objects.url")
        if not SHORTEST_LEASE_S <= self.database.lease_s <= LONGEST_LEASE_S:
            raise Malformed("database.lease_s is from 1 second to an hour")
        ways(self.peer.via)
        caps_of(self.peer.caps)
        proxies_of(self.portal.proxies)
        origins_of(self.http.dicomweb_origins)
        if self.portal.url and not self.portal.url.startswith(("https://", "http://127.")):
            raise Malformed("portal.url is an https address, such as https://resultats.exemple.fr")


def _check_files(dicom: DicomSettings) -> None:
    files = dicom.tls_certificate, dicom.tls_key, dicom.tls_authority
    if (dicom.tls_bind or any(files)) and not all(files):
        raise Malformed(
            "TLS on the DICOM door needs dicom.tls_certificate, dicom.tls_key and "
            "dicom.tls_authority together"
        )


def _check_store(objects: ObjectSettings) -> None:
    told = urlsplit(objects.endpoint)
    if objects.url and not objects.url.startswith("s3://"):
        raise Malformed(f"objects.url is s3://bucket or s3://bucket/prefix: {objects.url!r}")
    plain = told.scheme == "http" and not (on_loopback(told.netloc) or objects.plain_lan)
    if plain or told.scheme not in {"", "http", "https"}:
        raise Malformed(
            "objects.endpoint is https://host:port; http beyond this machine needs "
            "objects.plain_lan = true, on a network of the site's own servers"
        )


def proxies_of(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read addresses or networks separated by spaces. Raises `Malformed`."""
    try:
        return tuple(ip_network(one) for one in text.split())
    except ValueError as error:
        raise Malformed(f"portal.proxies: {error}") from None


def origins_of(text: str) -> tuple[str, ...]:
    """Read origins separated by spaces (RFC 6454). Raises `Malformed`."""
    for one in text.split():
        address = urlsplit(one)
        if (
            address.scheme not in {"http", "https"}
            or one != f"{address.scheme}://{address.netloc}"
        ):
            raise Malformed(
                f"http.dicomweb_origins: an origin is https://host or https://host:port: {one!r}"
            )
    return tuple(text.split())


def on_loopback(bind: str) -> bool:
    """Tell whether `bind`, "host:port", is reached from this machine alone."""
    return bind.startswith(LOOPBACK)


def host_and_port(bind: str) -> tuple[str, int]:
    """Split "host:port". Raises `Malformed`."""
    host, colon, port = bind.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 (TCP)
        raise Malformed(f"not a host and port, such as 127.0.0.1:8042: {bind!r}")
    return host.strip("[]"), int(port)


def ways(text: str) -> Mapping[str, str]:
    """Read `peer.via`: the address at which this node reaches each peer. Raises `Malformed`."""
    found = {}
    for word in text.replace(",", " ").split():
        name, _, address = word.partition("=")
        host_and_port(address)
        found[name] = address
    return found


def load(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of a node. Raises `Malformed` and names the setting at fault."""
    try:
        tree = tomllib.loads(path.read_text()) if path.exists() else {}
    except tomllib.TOMLDecodeError as error:
        raise Malformed(f"{path.name}: {error}") from error
    _override(tree, os.environ if environment is None else environment)
    sections = get_type_hints(Settings)
    if unknown := set(tree) - set(sections):
        raise Malformed(f"{path.name}: no such section: {', '.join(sorted(unknown))}")
    return Settings(**{name: _section(sections[name], name, tree.get(name, {})) for name in tree})


def _override(tree: dict[str, Any], environment: Mapping[str, str]) -> None:
    for variable, text in environment.items():
        section, double, name = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        if variable.startswith(ENVIRONMENT_PREFIX) and double:
            tree.setdefault(section, {})[name] = text


def _section(kind: type[Any], section: str, values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    if unknown := set(values) - {f.name for f in fields(kind)}:
        raise Malformed(f"no such setting: {section}.{', '.join(sorted(unknown))}")
    return kind(
        **{name: _value(hints[name], f"{section}.{name}", value) for name, value in values.items()}
    )


def _value(kind: type[Any], name: str, value: Any) -> Any:
    try:
        if kind is bool and isinstance(value, str):
            return {"true": True, "1": True, "false": False, "0": False}[value.lower()]
        if kind is not bool:
            return kind(value)
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"{name} must be a {kind.__name__}: {value!r}") from error
    if not isinstance(value, bool):
        raise Malformed(f"{name} must be true or false: {value!r}")
    return value
