"""Peer processes in threads of the test's own process: the real thing, quick to start and stop."""

import gc
import os
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from archipel.app import peer_process
from archipel.app.transfer.adoption import Adopter
from archipel.kernel.clock import utc_now
from archipel.testing.archipelago.islands import Island

LEFT_OPEN = pytest.mark.filterwarnings(
    # What a loop leaves open ends with its process; here the process is the tests' own.
    r"ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)


@contextmanager
def peering(island: Island, listener: socket.socket | None = None) -> Iterator[None]:
    """Run the peer process of an island; it serves where it has a listener, and pulls."""
    _settle(island)
    stop, told = os.pipe()
    thread = threading.Thread(
        target=peer_process.run,
        args=(island.home, listener),
        kwargs={"ready": lambda: None, "stop": stop},
        name=f"peer {island.name}",
    )
    thread.start()
    try:
        yield
    finally:
        os.write(told, b"x")
        thread.join(20)
        alive = thread.is_alive()
        os.close(stop)
        os.close(told)
        with warnings.catch_warnings():  # a process that ends closes what its loop left open
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        assert not alive, f"the peer process of {island.name} does not end"


def door() -> socket.socket:
    """Take a free port of loopback to serve on."""
    return socket.create_server(("127.0.0.1", 0))


def address(listener: socket.socket) -> str:
    """Return where it is reached."""
    host, port = listener.getsockname()
    return f"{host}:{port}"


def taken_in(island: Island) -> bool:
    """Take in what is whole, as the index writer does between two batches."""
    with island.open() as node:
        return Adopter(database=node.database, packs=node.packs, clock=utc_now)()


def _settle(island: Island) -> None:
    """Write the settings down that a running node is told by its environment."""
    said = island.home.settings_file.read_text()
    if "[peer]" not in said:
        lines = [f'name = "{island.name}"', f'address = "{island.address}"']
        lines += [f"{name} = {value}" for name, value in island.settings.items()]
        island.home.settings_file.write_text(said + "\n[peer]\n" + "\n".join(lines) + "\n")
