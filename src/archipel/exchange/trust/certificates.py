"""The authority of an archipelago and the certificates of its nodes (RFC 5280).

A node is named by one subject alternative name, the URI ``urn:archipel:node:NAME``. Keys are
P-256; a node's certificate lives thirty days and is renewed at two thirds of that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from archipel.exchange.errors import NotEnrolled
from archipel.exchange.model import NodeName
from archipel.kernel.errors import Malformed

NODE_DAYS = 30
RENEW_AFTER = timedelta(days=20)
AUTHORITY_DAYS = 3650
_URN = "urn:archipel:node:"
_EARLY = timedelta(minutes=5)  # two clocks are never equal
_SHA256 = hashes.SHA256()


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs the certificates of an archipelago's nodes; `key` is PEM and secret."""

    certificate: str
    key: str

    def issue(self, request: str, node: NodeName, *, now: datetime) -> str:
        """Sign a request for `node`. Raises `Malformed`, `NotEnrolled` when it names another."""
        asked = _request(request)
        sound = asked.is_signature_valid
        key = asked.public_key()
        if not sound or not isinstance(key, ec.EllipticCurvePublicKey):
            raise Malformed("the certificate request is not signed by a P-256 key of its own")
        if _common_name(asked.subject) != node.value:
            raise NotEnrolled(f"the request is not for {node}: a token holds for one node")
        mine = loaded(self.certificate)
        issued = (
            x509.CertificateBuilder()
            .subject_name(_name(node.value))
            .issuer_name(mine.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLY)
            .not_valid_after(now + timedelta(days=NODE_DAYS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"{_URN}{node}")]),
                critical=False,
            )
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(_public(mine)), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .sign(private(self.key), _SHA256)
        )
        return _pem(issued)


def new_authority(name: str, *, now: datetime) -> Authority:
    """Make the authority of a new archipelago."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, _SHA256)
    )
    return Authority(_pem(certificate), _private_pem(key))


def new_key() -> str:
    """Make a node's key, PEM."""
    return _private_pem(ec.generate_private_key(ec.SECP256R1()))


def request_for(node: NodeName, key: str) -> str:
    """Write the certificate request of a node (RFC 2986), PEM."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(node.value))
    asked = builder.sign(private(key), _SHA256)
    return asked.public_bytes(serialization.Encoding.PEM).decode()


def requested_by(request: str) -> NodeName:
    """Return the node that a certificate request names. Raises `Malformed`."""
    return NodeName(_common_name(_request(request).subject))


def loaded(certificate: str) -> x509.Certificate:
    """Read a certificate, PEM. Raises `Malformed`."""
    try:
        return x509.load_pem_x509_certificate(certificate.encode())
    except (ValueError, TypeError) as unreadable:
        raise Malformed("the certificate cannot be read") from unreadable


def fingerprint(certificate: str) -> str:
    """Return the SHA-256 of a certificate, hexadecimal. Raises `Malformed`."""
    return loaded(certificate).fingerprint(_SHA256).hex()


def node_of(certificate: str) -> NodeName:
    """Return the node that a certificate names. Raises `Malformed`."""
    try:
        extension = loaded(certificate).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        raise Malformed("the certificate names no node") from None
    return node_of_uris(extension.value.get_values_for_type(x509.UniformResourceIdentifier))


def node_of_uris(uris: list[str]) -> NodeName:
    """Return the node among subject alternative names. Raises `Malformed`."""
    nodes = [uri.removeprefix(_URN) for uri in uris if uri.startswith(_URN)]
    if len(nodes) != 1:
        raise Malformed("the certificate names no node, or several")
    return NodeName(nodes[0])


def expires_at(certificate: str) -> datetime:
    """Return when a certificate ends."""
    return loaded(certificate).not_valid_after_utc


def due(certificate: str, *, now: datetime) -> bool:
    """Tell whether a node's certificate is old enough to be renewed."""
    return now >= loaded(certificate).not_valid_before_utc + RENEW_AFTER


def check_issued(certificate: str, *, authority: str, at: datetime) -> NodeName:
    """Return the node of a certificate that `authority` issued and that was valid `at`.

    Raises `NotEnrolled`, `Malformed`.
    """
    offered, issuer = loaded(certificate), loaded(authority)
    try:
        offered.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        raise NotEnrolled("the certificate was not issued by this archipelago") from None
    if not offered.not_valid_before_utc <= at <= offered.not_valid_after_utc:
        raise NotEnrolled("the certificate was not valid then: its node must renew it")
    return node_of(certificate)


def sign(key: str, content: bytes) -> bytes:
    """Sign `content` (ECDSA, SHA-256) with a key, PEM."""
    return private(key).sign(content, ec.ECDSA(_SHA256))


def verify(certificate: str, signature: bytes, content: bytes) -> None:
    """Check a signature by the key of a certificate. Raises `NotEnrolled`."""
    try:
        _public(loaded(certificate)).verify(signature, content, ec.ECDSA(_SHA256))
    except InvalidSignature:
        raise NotEnrolled("the signature is not by the key of this certificate") from None


def private(key: str) -> ec.EllipticCurvePrivateKey:
    """Read a private key, PEM. Raises `Malformed`."""
    try:
        read = serialization.load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError) as unreadable:
        raise Malformed("the private key cannot be read") from unreadable
    if not isinstance(read, ec.EllipticCurvePrivateKey):
        raise Malformed("the private key is not a P-256 key")
    return read


def check_pair(certificate: str, key: str) -> None:
    """Raise `Malformed` unless the certificate is that of the key."""
    if _public(loaded(certificate)) != private(key).public_key():
        raise Malformed("the certificate is not that of the key")


def _public(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Malformed("the certificate is not of a P-256 key")
    return key


def _request(request: str) -> x509.CertificateSigningRequest:
    try:
        return x509.load_pem_x509_csr(request.encode())
    except (ValueError, TypeError) as unreadable:
        raise Malformed("the certificate request cannot be read") from unreadable


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _common_name(name: x509.Name) -> str:
    values = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(values[0].value) if values else ""


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
