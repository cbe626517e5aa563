"""The entry of each process of a node: `python -m archipel.app.roles ROLE HOME`.

A role writes one byte to ARCHIPEL_READY_FD when it serves, ends on SIGTERM, and dies with its
supervisor, so that a node that is killed leaves nothing behind.
"""

import ctypes
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from archipel.app.home import Home

_PR_SET_PDEATHSIG = 1
_LOG_FORMAT = "%(asctime)s %(levelname)s %(processName)s %(name)s: %(message)s"


def main() -> None:
    """Run the role named on the command line."""
    role, home = sys.argv[1], Home(Path(sys.argv[2]))
    _die_with_the_supervisor()
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT.replace("%(processName)s", role))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    roles = {"index": _index, "dimse": _dimse, "web": _web, "work": _work, "peer": _peer}
    {**roles, "hl7": _hl7}[role](home)


def ready() -> None:
    """Tell the supervisor that this role serves."""
    fd = os.environ.pop("ARCHIPEL_READY_FD", None)
    if fd is not None:
        os.write(int(fd), b"1")


def stop_on_sigterm() -> int:
    """Return a file descriptor that becomes readable when the role is told to stop."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.write(writing, b"1"))
    return reading


def _die_with_the_supervisor() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        parent = int(os.environ.get("ARCHIPEL_PARENT", os.getppid()))
        if os.getppid() != parent:  # it died before we asked
            sys.exit(1)


def _index(home: Home) -> None:
    from archipel.app.index_process import run

    run(home, ready=ready, stop=stop_on_sigterm())


def _dimse(home: Home) -> None:
    from archipel.app.dicom_door import run

    listener = socket.socket(fileno=int(os.environ["ARCHIPEL_DICOM_FD"]))
    run(home, listener, ready=ready, stop=stop_on_sigterm())


def _web(home: Home) -> None:
    from archipel.app.web_door import run

    run(home, ready=ready, stop=stop_on_sigterm())


def _work(home: Home) -> None:
    from archipel.app.work_process import run

    run(home, ready=ready, stop=stop_on_sigterm())


def _peer(home: Home) -> None:
    from archipel.app.peer_process import run

    fd = os.environ.get("ARCHIPEL_PEER_FD")
    listener = socket.socket(fileno=int(fd)) if fd else None
    run(home, listener, ready=ready, stop=stop_on_sigterm())


def _hl7(home: Home) -> None:
    from archipel.app.hl7.process import run

    listener = socket.socket(fileno=int(os.environ["ARCHIPEL_HL7_FD"]))
    run(home, listener, ready=ready, stop=stop_on_sigterm())


if __name__ == "__main__":
    main()
