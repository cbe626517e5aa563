"""Ports for servers that must be told theirs before they start."""

import random
import socket

from archipel.kernel.errors import Exhausted

_RANGE = range(20_000, 32_000)
"""Below the ports that the kernel gives to outgoing connections, none of which may take ours."""
_given = set[int]()


def free_port() -> int:
    """Return a port of loopback on which nobody listens now, another each time.

    Raises `Exhausted`.
    """
    for port in random.sample(_RANGE, 100):
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            _given.add(port)
            return port
    raise Exhausted("no port is free between 20000 and 32000")
