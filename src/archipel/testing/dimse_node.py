"""A DICOM provider in a process of its own, over the ports in memory: the fake archive to talk to.

    node = DimseNode.start(devices=[...])
    ... node.port ...
    node.stop()

One worker, so that all associations share one memory. With `journal` the real journal is written
below that directory instead, and nothing can be queried. With `database`, the URL of an index,
that is what is queried.
"""

import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from archipel.access.model import Device, Duty, Organisation, Service
from archipel.archive.ports import Journal
from archipel.imaging.transcode import rewrite
from archipel.kernel.aetitle import AETitle
from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Unavailable
from archipel.kernel.identifiers import Issuer, TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.provider import run
from archipel.protocols.dimse.secure import TlsFiles
from archipel.protocols.dimse.services import Services
from archipel.protocols.dimse.settings import DimseSettings
from archipel.stores.journal.journal import FileJournal
from archipel.stores.sql.archive.query import SqlCatalogue
from archipel.stores.sql.session import open_database
from archipel.testing.memory import (
    MemoryArchive,
    MemoryAudit,
    MemoryCatalogue,
    MemoryContents,
    MemoryDevices,
    MemoryJournal,
    MemoryWorklist,
)
from archipel.testing.memory_commitments import MemoryCommitments

ORGANISATIONS = ("ouest", "est")  # each answers to its key in capitals
_ALL = tuple(service.value for service in Service)
_START_S = 20.0
_STOP_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A device to be known to the node: its title, its organisation, where it listens."""

    title: str
    organisation: str = "ouest"
    port: int | None = None
    may: tuple[str, ...] = _ALL
    certificate: str | None = None
    duties: tuple[str, ...] = ()


class _BrokenDevices(MemoryDevices):
    """A register that does not answer: a failure that cannot be provoked otherwise."""

    def organisation_called(self, called: AETitle) -> Organisation | None:
        """Raise `Unavailable`."""
        raise Unavailable(f"the register is broken by request of a test: {called}")


class _BrokenAudit(MemoryAudit):
    """An audit that takes nothing: a failure that cannot be provoked otherwise."""

    def record(self, entries: Sequence[object]) -> None:
        """Raise `Unavailable`."""
        raise Unavailable(f"the audit takes no {len(entries)} rows, by request of a test")


@dataclass(slots=True)
class DimseNode:
    """A running node, seen from the test."""

    process: subprocess.Popen[str]
    port: int
    stop_pipe: int
    tls_port: int = 0

    @classmethod
    def start(
        cls,
        devices: Sequence[KnownDevice],
        *,
        journal: Path | None = None,
        broken: str = "",
        log_file: Path | None = None,
        settings: Mapping[str, float] | None = None,
        tls: TlsFiles | None = None,
        database: str = "",
    ) -> Self:
        """Start it. `broken` names a port that fails: "devices" or "audit"."""
        options = {
            "devices": [
                [d.title, d.organisation, d.port, list(d.may), d.certificate, list(d.duties)]
                for d in devices
            ],
            "journal": str(journal) if journal else None,
            "broken": broken,
            "database": database,
            "settings": {"workers": 1, **(settings or {})},
            "tls": [tls.certificate, tls.key, tls.authority] if tls else None,
        }
        reading, writing = os.pipe()
        command = [sys.executable, "-m", "archipel.testing.dimse_node", json.dumps(options)]
        with contextlib.ExitStack() as stack:
            errors = stack.enter_context(log_file.open("w")) if log_file else None
            process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                [*command, str(reading)],
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=[reading],
                text=True,
            )
        os.close(reading)
        assert process.stdout is not None  # noqa: S101  (it was asked for)
        line = process.stdout.readline()
        if not line.startswith("ready "):
            process.kill()
            raise Unavailable(f"the node did not start: {line!r}")
        return cls(process, int(line.split()[1]), writing, int(line.split()[2]))

    def stop(self) -> int:
        """End it in good order; return its exit status."""
        os.close(self.stop_pipe)
        try:
            status = self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        assert self.process.stdout is not None  # noqa: S101  (it was asked for)
        self.process.stdout.close()
        return status


def organisations() -> list[Organisation]:
    """Return the organisations of every such node."""
    return [
        Organisation(
            key=TenantId(key),
            name=f"TEST-{key}",
            issuer=Issuer(f"TEST-{key.upper()}"),
            finess=None,
            ae_titles=(AETitle(key.upper()),),
        )
        for key in ORGANISATIONS
    ]


def _services(options: Mapping[str, Any]) -> Services:
    archive = MemoryArchive()
    devices = (_BrokenDevices if options["broken"] == "devices" else MemoryDevices)(
        organisations(),
        [
            Device(
                ae_title=AETitle(title),
                tenant=TenantId(organisation),
                host="127.0.0.1" if port else None,
                port=port,
                may=frozenset(map(Service, may)),
                certificate=certificate,
                duties=frozenset(map(Duty, duties)),
            )
            for title, organisation, port, may, certificate, duties in options["devices"]
        ],
    )
    home = options["journal"]
    journal: Journal = FileJournal(Path(home)) if home else MemoryJournal(archive)
    return Services(
        journal=journal,
        catalogue=SqlCatalogue(open_database(options["database"]))
        if options["database"]
        else MemoryCatalogue(archive),
        contents=MemoryContents(archive),
        devices=devices,
        audit=_BrokenAudit() if options["broken"] == "audit" else MemoryAudit(),
        commitments=MemoryCommitments(),
        worklist=MemoryWorklist(),
        clock=utc_now,
        transcoder=_rewritten,
    )


def _rewritten(dataset: bytes, from_ts: Uid, to_ts: Uid) -> bytes:
    return rewrite(dataset, from_ts.value, to_ts.value)


def main() -> None:
    """Run the node until the pipe of its starter ends."""
    logging.basicConfig(level=logging.INFO, format="%(process)d %(name)s %(message)s")
    options, stop = json.loads(sys.argv[1]), int(sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    tls = TlsFiles(*options["tls"]) if options["tls"] else None
    secure = socket.create_server(("127.0.0.1", 0), backlog=4096) if tls else None
    tls_port = secure.getsockname()[1] if secure else 0
    sys.stdout.write(f"ready {listener.getsockname()[1]} {tls_port}\n")
    sys.stdout.flush()
    settings = DimseSettings(**options["settings"], tls=tls)
    run(listener, lambda: _services(options), settings, stop, secure=secure)


if __name__ == "__main__":
    main()
