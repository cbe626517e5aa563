"""The keys of this node, as its door and its callers use them."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from archipel.exchange.model import NodeName
from archipel.exchange.trust import certificates
from archipel.kernel.errors import Malformed

PROTOCOLS = ["h2", "http/1.1"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A node's certificate and key, and the authority it believes. `exchange.ports.Signer`."""

    node: NodeName
    certificate: str
    key: str = field(repr=False)
    authority: str
    files: tuple[Path, Path]  # certificate and key, for the TLS library, which reads files

    def sign(self, content: bytes) -> bytes:
        """Sign `content` with the node's key."""
        return certificates.sign(self.key, content)

    def server_context(self) -> ssl.SSLContext:
        """Return what our door speaks: TLS 1.3, a certificate asked for.

        Whoever shows none gets as far as the way in for a one-time token, and no further.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(*self.files)
        context.load_verify_locations(cadata=self.authority)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.set_alpn_protocols(PROTOCOLS)
        return context

    def client_context(self, peer: NodeName) -> ssl.SSLContext:
        """Return what we speak when we call `peer`: nothing is sent to anybody else."""
        context = NodeContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(*self.files)
        return toward(context, self.authority, peer)


class NodeContext(ssl.SSLContext):
    """A client's context that knows which node must answer."""

    expected: NodeName | None = None


class _NodeObject(ssl.SSLObject):
    """A TLS connection that fails its handshake when another node answers."""

    def do_handshake(self) -> None:
        super().do_handshake()
        check_answering(self, self.context)


def toward(context: NodeContext, authority: str, peer: NodeName | None) -> NodeContext:
    """Make `context` accept nobody but `peer` (None: any node) under `authority`."""
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # a node is named by its URN, not by where it is reached
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority)
    context.set_alpn_protocols(PROTOCOLS)
    context.expected = peer
    context.sslobject_class = _NodeObject
    return context


def check_answering(connection: ssl.SSLObject, context: ssl.SSLContext) -> None:
    """Raise `SSLCertVerificationError` when the wrong node answers."""
    der = connection.getpeercert(binary_form=True)
    expected = context.expected if isinstance(context, NodeContext) else None
    try:
        answering = certificates.node_of(ssl.DER_cert_to_PEM_cert(der or b""))
    except Malformed as failure:
        raise ssl.SSLCertVerificationError(f"no node answers: {failure}") from failure
    if expected is not None and answering != expected:
        raise ssl.SSLCertVerificationError(f"{answering} answers where {expected} should")
