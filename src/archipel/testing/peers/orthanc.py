"""Debian's Orthanc with its DICOMweb plug-in, as a peer on loopback."""

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from archipel.kernel.errors import Unavailable
from archipel.testing.peers.free_ports import free_port

PROGRAM = Path(shutil.which("Orthanc") or "/usr/sbin/Orthanc")
DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Orthanc:
    """One that runs: where its DICOMweb and its WADO-URI are, and what it is."""

    dicomweb: str
    wado_uri: str
    version: str  # of the program and its plug-in


def is_installed() -> bool:
    """Tell whether there is an Orthanc with the plug-in on this machine."""
    return PROGRAM.exists() and DICOMWEB.exists()


@contextlib.contextmanager
def orthanc(folder: Path) -> Iterator[Orthanc]:
    """Run one that keeps its files in `folder`. Raises `Unavailable` if it does not start."""
    dicom, http = free_port(), free_port()
    settings = {
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "DicomPort": dicom,
        "HttpPort": http,
        "RemoteAccessAllowed": False,
        "Plugins": [str(DICOMWEB)],
        "DicomWeb": {"Enable": True},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    process = subprocess.Popen(  # noqa: S603  (a program of the system, with our settings)
        [str(PROGRAM), str(folder / "orthanc.json")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    root = f"http://127.0.0.1:{http}"
    try:
        version = _version(root)
        yield Orthanc(dicomweb=f"{root}/dicom-web", wado_uri=f"{root}/wado", version=version)
    finally:
        process.terminate()
        process.wait(STOP_WITHIN_S)


def _version(root: str) -> str:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        with contextlib.suppress(httpx.TransportError):
            program = httpx.get(f"{root}/system").json()["Version"]
            plugin = httpx.get(f"{root}/plugins/dicom-web").json()["Version"]
            return f"Orthanc {program}, DICOMweb plug-in {plugin}"
        time.sleep(0.1)
    raise Unavailable("Orthanc does not answer")
