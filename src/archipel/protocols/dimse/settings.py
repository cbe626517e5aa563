"""Limits and delays of the DICOM door. Every one bounds what a stranger can take from us."""

from dataclasses import dataclass

from archipel.protocols.dimse.secure import TlsFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class DimseSettings:
    """How the provider behaves. `app.settings` fills it from the node's settings.

    `associate_timeout_s` covers everything from the connection to the last byte of the
    A-ASSOCIATE-RQ; `network_timeout_s` a silence in the middle of a message; `idle_timeout_s` one
    between messages; `artim_s` is the ARTIM timer (PS3.8 section 9.1.5).
    """

    workers: int = 2
    max_pdu_bytes: int = 131072  # what we announce; what peers send us is at most this
    max_associate_bytes: int = 262144
    max_waiting: int = 8192  # connections that have not asked for an association yet
    max_waiting_per_address: int = 1024  # beyond it the oldest of that address is closed
    max_waiting_bytes: int = 33554432  # of all half-received requests together
    max_associations: int = 256
    max_associations_per_address: int = 128
    associate_timeout_s: float = 5.0
    network_timeout_s: float = 30.0
    idle_timeout_s: float = 600.0
    artim_s: float = 10.0
    fence_timeout_s: float = 0.5  # wait for the index before A-RELEASE-RP
    drain_timeout_s: float = 5.0  # for associations under way when the node stops
    max_dataset_bytes: int = 64 << 30
    max_identifier_bytes: int = 1 << 20
    max_action_bytes: int = 16 << 20  # of a storage commitment: some 150 bytes an instance
    max_header_bytes: int = 8 << 20  # the indexed attributes lie within this
    max_matches: int = 200000  # answers of one C-FIND
    connect_timeout_s: float = 10.0  # to a C-MOVE destination
    tls: TlsFiles | None = None  # None: no device is heard or dialled over TLS
