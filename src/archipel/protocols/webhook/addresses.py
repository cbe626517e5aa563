"""Which addresses may be called: what a user names must not reach into the house.

A name is resolved once, every address it has is held against the rule, and the connection goes to
one of those: a name that resolves otherwise a moment later (DNS rebinding) changes nothing.
"""

import socket
from collections.abc import Callable, Collection, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from archipel.kernel.errors import Malformed, Refused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]


def resolved(host: str, port: int) -> Sequence[str]:
    """Resolve a name by the system. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def networks_of(text: str) -> tuple[Network, ...]:
    """Read networks separated by spaces or commas. Raises `Malformed`."""
    try:
        return tuple(map(ip_network, text.replace(",", " ").split()))
    except ValueError as wrong:
        raise Malformed(f"webhooks.private_networks: {wrong}") from None


def allowed(
    host: str, port: int, *, private: Collection[Network], resolve: Resolve = resolved
) -> Address:
    """Give the address to call. Raises `Refused` if any that the name has may not be called.

    Public addresses may; those of private networks, of this machine and of every special purpose
    (RFC 6890) only within `private`. Raises `OSError` where the name does not resolve.
    """
    found = [_plain(ip_address(one.split("%")[0])) for one in resolve(host, port)]
    if not found:
        raise OSError("the name has no address")
    for one in found:
        listed = any(one in network for network in private if network.version == one.version)
        if not (listed or (one.is_global and not one.is_multicast)):
            raise Refused(
                "the receiver's address is private: an operator may allow its network in "
                "webhooks.private_networks"
            )
    return found[0]


def _plain(address: Address) -> Address:
    """Give the IPv4 address within an IPv6 one: mapped, 6to4 or Teredo."""
    if isinstance(address, IPv6Address):
        teredo = address.teredo
        return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
    return address
