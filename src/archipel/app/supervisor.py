"""One parent, a process for each role, and no orphans.

The parent opens the DICOM socket (so that a port chosen by the system is known and survives a
restart of the role), starts the roles, waits until each says it is ready, restarts one that
dies, and ends them all on SIGTERM: doors first, the index writer last, so that what was
acknowledged is indexed before the node goes.
"""

import json
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess

from archipel.app.home import Home, noted
from archipel.app.roles import bear, read_once
from archipel.app.settings import Settings, host_and_port
from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Exhausted, Unavailable

START_ORDER = ("index", "dimse", "web", "work")
STOP_ORDER = (("dimse", "hl7", "peer", "web", "work"), ("index",))  # each group at once
READY_TIMEOUT_S = 180.0  # a busy machine starts slowly; one that hangs is ended all the same
STOP_TIMEOUT_S = 9.0
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass
class _Child:
    role: str
    process: BaseProcess
    ready: int  # read end of a pipe: a byte when the role is ready, end of file when it is gone
    started_s: float
    started_at: str
    deaths: int = 0  # in a row
    restarts: int = 0


@dataclass
class Supervisor:
    """Runs the roles of one node until told to stop."""

    home: Home
    settings: Settings
    children: dict[str, _Child] = field(default_factory=dict)
    stopping: bool = False

    def run(self) -> None:
        """Start, say "ready" on stdout, watch, stop on SIGTERM or SIGINT.

        Raises `Unavailable` when a role does not become ready, `Exhausted` when a door is taken.
        """
        self.settings.check_doors()
        read_once()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(self, "stopping", True))
        self._dicom = _listen(self.settings.dicom.bind)
        self._http = _free(self.settings.http.bind)
        self._peer = _listen(self.settings.peer.listen) if self.settings.peer.listen else None
        self._hl7 = _listen(self.settings.hl7.listen) if self.settings.hl7.listen else None
        try:
            for role in (*START_ORDER, *self._peer_role(), *(["hl7"] if self._hl7 else [])):
                self.children[role] = self._start(role)
            for child in self.children.values():
                self._await_ready(child)
            if not self.stopping:
                self._tell()
                self._announce()
            while not self.stopping:
                self._watch()
        finally:
            self._stop()

    def _peer_role(self) -> tuple[str, ...]:
        """Run the peer process where there is a door for peers, or an archipelago to call."""
        enrolled = (self.home.peer_keys / "node.pem").exists()
        return ("peer",) if self._peer is not None or enrolled else ()

    def _announce(self) -> None:
        scheme = "https" if self.settings.http.tls_certificate else "http"
        host, port = self._dicom.getsockname()[:2]
        line = f"ready http={scheme}://{self._http} dicom={host}:{port}"
        if self._peer is not None:
            line += f" peer={_address(self._peer)}"
        if self._hl7 is not None:
            line += f" hl7={_address(self._hl7)}"
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def _tell(self) -> None:
        """Write what runs, for the node page and `archipel status`."""
        host, port = self._dicom.getsockname()[:2]
        told = {
            "pid": os.getpid(),
            "doors": {"http": self._http, "dicom": f"{host}:{port}"}
            | ({"peer": _address(self._peer)} if self._peer else {})
            | ({"hl7": _address(self._hl7)} if self._hl7 else {}),
            "roles": {
                role: {"pid": c.process.pid, "since": c.started_at, "restarts": c.restarts}
                for role, c in self.children.items()
            },
        }
        noted(self.home.run / "processes.json", json.dumps(told))

    def _start(self, role: str) -> _Child:
        reading, writing = os.pipe()
        environment = {
            "ARCHIPEL_HTTP__BIND": self._http,
            "ARCHIPEL_READY_FD": str(writing),
            "ARCHIPEL_PARENT": str(os.getpid()),
        }
        if self._peer is not None:
            environment["ARCHIPEL_PEER__LISTEN"] = _address(self._peer)
        not_its_own = {reading, *(child.ready for child in self.children.values())}
        for door, (owner, named) in {
            self._dicom: ("dimse", "ARCHIPEL_DICOM_FD"),
            self._peer: ("peer", "ARCHIPEL_PEER_FD"),
            self._hl7: ("hl7", "ARCHIPEL_HL7_FD"),
        }.items():
            if door is not None and role == owner:
                environment[named] = str(door.fileno())
            elif door is not None:
                not_its_own.add(door.fileno())
        process = bear(role, self.home, environment, not_its_own=not_its_own)
        os.close(writing)
        return _Child(role, process, reading, time.monotonic(), utc_now().isoformat())

    def _await_ready(self, child: _Child) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self.stopping:
            if select.select([child.ready], [], [], 0.2)[0]:
                if os.read(child.ready, 1):
                    return
                raise Unavailable(f"the {child.role} process ended before it was ready: see above")
            if time.monotonic() > deadline:
                raise Unavailable(f"the {child.role} process is not ready: see above")

    def _watch(self) -> None:
        time.sleep(0.1)
        for role in self._peer_role():  # it may have joined since
            if role not in self.children:
                self.children[role] = self._start(role)
                self._tell()
        for role, child in list(self.children.items()):
            code = child.process.exitcode
            if code is None or self.stopping:
                continue
            lived_s = time.monotonic() - child.started_s
            deaths = 0 if lived_s > BACKOFF_S[-1] else child.deaths + 1
            wait_s = BACKOFF_S[min(deaths, len(BACKOFF_S) - 1)]
            sys.stderr.write(f"{role} ended with {code}: starting it again in {wait_s} s\n")
            os.close(child.ready)
            del self.children[role]
            time.sleep(wait_s)
            self.children[role] = self._start(role)
            self.children[role].deaths, self.children[role].restarts = deaths, child.restarts + 1
            self._tell()

    def _stop(self) -> None:
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for group in STOP_ORDER:
            ending = [self.children[role] for role in group if role in self.children]
            for child in ending:
                child.process.terminate()
            for child in ending:
                child.process.join(max(deadline - time.monotonic(), 0.5))
                if child.process.exitcode is None:
                    sys.stderr.write(f"{child.role} did not stop in time: ending it\n")
                    child.process.kill()
                    child.process.join(5)
        (self.home.run / "processes.json").unlink(missing_ok=True)
        self._dicom.close()
        for door in (self._peer, self._hl7):
            if door is not None:
                door.close()


def _listen(bind: str) -> socket.socket:
    host, port = host_and_port(bind)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Exhausted(
            f"cannot listen on {bind}: {error.strerror}; choose another port"
        ) from error
    listener.listen(1024)
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _free(bind: str) -> str:
    """Return `bind` with a real port; the web server opens its socket itself."""
    probe = _listen(bind)
    address = _address(probe)
    probe.close()
    return address


def overridden(settings: Settings, *, http: str, dicom: str) -> Settings:
    """Return `settings` with the doors that the command line names."""
    return replace(
        settings,
        http=replace(settings.http, bind=http or settings.http.bind),
        dicom=replace(settings.dicom, bind=dicom or settings.dicom.bind),
    )
