"""The files of a node's identity in its archipelago, under `keys/peer` of its home.

``node.key`` and ``node.pem`` are its own, ``authority.pem`` is whom it believes, and
``authority.key`` lies only on the node that keeps the authority: keep a copy of it off line.
"""

import os
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archipel.app.home import Home
from archipel.app.settings import Settings
from archipel.exchange.errors import NotEnrolled
from archipel.exchange.model import NodeName
from archipel.exchange.trust import certificates
from archipel.exchange.trust.certificates import Authority
from archipel.protocols.peer.identity import Identity

NAME_LENGTH = 30
_KEY, _CERTIFICATE = "node.key", "node.pem"
_AUTHORITY, _AUTHORITY_KEY = "authority.pem", "authority.key"


@dataclass(frozen=True, slots=True)
class PeerKeys:
    """Reads and writes them. A file is there whole or not at all."""

    home: Home

    @property
    def enrolled(self) -> bool:
        """Tell whether this node is a member of an archipelago."""
        return (self.home.peer_keys / _CERTIFICATE).exists()

    def identity(self) -> Identity:
        """Read the node's identity. Raises `NotEnrolled`."""
        place = self.home.peer_keys
        if not self.enrolled:
            raise NotEnrolled(
                "this node is in no archipelago: `archipel peer invite` begins one, "
                "`archipel peer join` enters one"
            )
        certificate = (place / _CERTIFICATE).read_text()
        return Identity(
            node=certificates.node_of(certificate),
            certificate=certificate,
            key=(place / _KEY).read_text(),
            authority=(place / _AUTHORITY).read_text(),
            files=(place / _CERTIFICATE, place / _KEY),
        )

    def authority(self) -> Authority | None:
        """Read the authority with its key; None where another node keeps it."""
        key = self.home.peer_keys / _AUTHORITY_KEY
        if not key.exists():
            return None
        return Authority((self.home.peer_keys / _AUTHORITY).read_text(), key.read_text())

    def prepare(self, node: NodeName, *, now: datetime) -> Authority:
        """Make the authority of a new archipelago, or give the one that was begun."""
        begun = self.authority()
        if begun is not None:
            return begun
        authority = certificates.new_authority(f"archipel {node}", now=now)
        self._write(_AUTHORITY, authority.certificate)
        self._write(_AUTHORITY_KEY, authority.key)
        return authority

    def found(self, node: NodeName, *, now: datetime) -> None:
        """Make this node the first member of its own archipelago."""
        authority = self.prepare(node, now=now)
        key = certificates.new_key()
        request = certificates.request_for(node, key)
        self.save(authority.issue(request, node, now=now), key, authority.certificate)

    def save(self, certificate: str, key: str, authority: str) -> None:
        """Keep what this node was given; the certificate last, because it makes a member."""
        self._write(_AUTHORITY, authority)
        self._write(_KEY, key)
        self._write(_CERTIFICATE, certificate)

    def renewed(self, certificate: str) -> None:
        """Keep a newer certificate of the same key."""
        self._write(_CERTIFICATE, certificate)

    def _write(self, name: str, text: str) -> None:
        place = self.home.peer_keys
        place.mkdir(mode=0o700, exist_ok=True)
        fresh = place / f"{name}.new"
        with open(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 (a mode is needed from the start)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(place / name)
        _fsync(place)


def name_of(settings: Settings) -> NodeName:
    """Return the short name of a node: as set, else that of its community. Raises `Malformed`."""
    if settings.peer.name:
        return NodeName(settings.peer.name)
    plain = unicodedata.normalize("NFKD", settings.node.community).encode("ascii", "ignore")
    text = re.sub(r"[^a-z0-9]+", "-", plain.decode().lower()).strip("-")[:NAME_LENGTH]
    return NodeName(text.strip("-") if text[:1].isalpha() else f"n-{text}".strip("-"))


def _fsync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
