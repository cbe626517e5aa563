"""The DICOM provider of a node: a guard at the door and the workers behind it.

    listener = socket.create_server((host, port), backlog=4096)
    reading, writing = os.pipe()
    run(listener, lambda: Services(...), settings, reading)     # in a process of its own
    os.close(writing)                                           # from its supervisor: stop

`build_services` is called once in each worker, after the fork: it opens databases and files
there. If it raises, the worker is tried again each second and callers are told to come back.
"""

import contextlib
import resource
import selectors
import socket

from archipel.protocols.dimse.door.crew import Crew
from archipel.protocols.dimse.door.guard import Guard
from archipel.protocols.dimse.door.worker import work
from archipel.protocols.dimse.services import BuildServices
from archipel.protocols.dimse.settings import DimseSettings

_BACKLOG = 4096


def run(
    listener: socket.socket,
    build_services: BuildServices,
    settings: DimseSettings,
    stop: int,
    *,
    secure: socket.socket | None = None,
) -> None:
    """Serve associations on `listener` until the file descriptor `stop` is readable or at its end.

    On `secure`, if there is one, they come over TLS (`settings.tls`).

    Blocks. Returns when every association under way has ended or its time has run out
    (`drain_timeout_s`). Must run in a process without other threads: it forks.
    """
    _allow_many_files()
    listener.listen(_BACKLOG)
    selector = selectors.DefaultSelector()
    crew = Crew(lambda link: work(link, build_services, settings), selector, settings)
    guard = Guard(listener, crew, selector, settings, secure)
    crew.start(guard.sockets())
    try:
        guard.run(stop)
    finally:
        listener.close()
        if secure is not None:
            secure.close()
        crew.stop()
        selector.close()


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 1 << 20
    if soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
