"""The processes of a node: one for each role, forked from a supervisor that read the code once.

A role writes one byte to ARCHIPEL_READY_FD when it serves, ends on SIGTERM, and dies with its
supervisor, so that a node that is killed leaves nothing behind. What all roles import is read
before the fork and shared by them; a role that died is back as fast as a fork.

`python -m archipel.app.roles ROLE HOME` runs one role alone.
"""

import contextlib
import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Collection, Mapping
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path

from archipel.app.home import Home

READ_ONCE = (
    "archipel.app.index_process",
    "archipel.app.dicom_door",
    "archipel.app.web_door",
    "archipel.app.work_process",
)
"""What every node runs; `peer` and `hl7` read the little that is theirs when they are born."""

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_LOG_FORMAT = "%(asctime)s %(levelname)s %(processName)s %(name)s: %(message)s"
_STOPS = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    """Run the role named on the command line."""
    _run(sys.argv[1], Home(Path(sys.argv[2])))


def read_once() -> None:
    """Import what the roles share.

    Nothing of it is ever garbage: the collector need neither run meanwhile nor, after a fork,
    write into pages that would stay shared.
    """
    gc.disable()
    for module in READ_ONCE:
        import_module(module)
    gc.freeze()
    gc.enable()
    _give_back_memory()


def bear(
    role: str, home: Home, environment: Mapping[str, str], *, not_its_own: Collection[int]
) -> BaseProcess:
    """Fork the process of a role. `not_its_own` are descriptors of ours that it closes.

    Must be called in a process without other threads.
    """
    process = multiprocessing.get_context("fork").Process(
        target=_begin, args=(role, home, environment, not_its_own), name=role
    )
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)  # until it hears them as its own
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    return process


def ready() -> None:
    """Tell the supervisor that this role serves."""
    _give_back_memory()
    fd = os.environ.pop("ARCHIPEL_READY_FD", None)
    if fd is not None:
        os.write(int(fd), b"1")


def stop_on_sigterm() -> int:
    """Return a file descriptor that becomes readable when the role is told to stop."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for number in _STOPS:
        signal.signal(number, lambda *_: os.write(writing, b"1"))
    return reading


def _give_back_memory() -> None:
    """Let go of what starting took and serving does not, where the C library can (glibc)."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def _begin(
    role: str, home: Home, environment: Mapping[str, str], not_its_own: Collection[int]
) -> None:
    for number in _STOPS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    for descriptor in not_its_own:
        os.close(descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.environ.update(environment)
    _run(role, home)


def _run(role: str, home: Home) -> None:
    _die_with_the_supervisor(role)
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT.replace("%(processName)s", role))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    roles = {"index": _index, "dimse": _dimse, "web": _web, "work": _work, "peer": _peer}
    {**roles, "hl7": _hl7}[role](home)


def _die_with_the_supervisor(role: str) -> None:
    if sys.platform == "linux":
        process = ctypes.CDLL(None, use_errno=True)
        process.prctl(_PR_SET_NAME, f"archipel-{role}".encode(), 0, 0, 0)  # as `top` shows it
        process.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
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
