"""Power cuts on a whole node: `archipel serve` on a disk of its own, modalities at its DICOM door.

Each round senders store over real associations, the power goes at a random moment, the disk is
mounted again and the node started again. What was answered Success before the cut must then be
found by C-FIND and come by WADO-RS byte for byte; what was acknowledged before earlier cuts of
the same disk must still be listed. Prints what it found so far, a line of JSON after each cut.
Run within its own mount namespace:

    unshare --mount --propagation private python -m tests.durability.node_rounds --cuts 4

Which acknowledgements count is told in `rounds`.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx
import psutil
from blake3 import blake3
from tests.durability.powercut import CuttableDisk
from tests.durability.rounds import READY_TIMEOUT_S, child

from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import ArchipelError
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.find_scu import find
from archipel.protocols.dimse.outgoing import batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.standards.dicom.part10 import split
from archipel.testing.furnished import Peer as Device
from archipel.testing.furnished import furnish
from archipel.testing.instances import Instance, instance
from archipel.testing.running_node import RunningNode

ROUNDS_ON_ONE_DISK = 8
SENDERS = 2
INSTANCES_IN_A_STUDY = 12
MOST_STUDIES = 40
SETTINGS = {  # everything a node does in an hour happens within a round
    "ARCHIPEL_ARCHIVE__SERIES_QUIET_S": "0.2",
    "ARCHIPEL_ARCHIVE__STUDY_QUIET_S": "0.5",
    "ARCHIPEL_ARCHIVE__LOW_DISK_BYTES": "1000000",
    "ARCHIPEL_ARCHIVE__SEGMENT_BYTES": "1000000",
    "ARCHIPEL_ARCHIVE__PACK_GRACE_S": "1",
    "ARCHIPEL_DICOM__WORKERS": "2",
}
STUDY, SERIES, SOP = 0x0020000D, 0x0020000E, 0x00080018
AS_STORED = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}


@dataclass(frozen=True)
class Acknowledged:
    """An instance that was answered Success, and when (CLOCK_MONOTONIC)."""

    study: str
    sop_instance: str
    digest: str
    at: float


def made(number: int, study: Uid) -> Instance:
    """Make an instance of a size of its own."""
    return instance(
        study=study, series=Uid(f"{study}.1"), pixel_bytes=500 + number * 7919 % 30_000
    )


def keep_sending(peer: Peer, base: str, told: int) -> None:
    """Be a modality: store study after study; write each acknowledgement to a pipe at once."""
    for number in range(MOST_STUDIES):
        study = Uid(f"{base}.{number + 1}")
        load = [
            made(number * INSTANCES_IN_A_STUDY + n, study) for n in range(INSTANCES_IN_A_STUDY)
        ]
        for proposals, part in batches([each.outgoing() for each in load]):
            by_uid = {each.sop_instance: each for each in load}
            with sender(peer, proposals) as to_node:
                for each in part:
                    if to_node.store(each) == 0:
                        digest = blake3(by_uid[each.sop_instance].dataset).hexdigest()
                        row = [study.value, each.sop_instance.value, digest, time.monotonic()]
                        os.write(told, json.dumps(row).encode() + b"\n")


class Rounds:
    """Cut after cut on one disk, made afresh now and then."""

    def __init__(self, disk: CuttableDisk, template: Path, token: str, random: Random) -> None:
        self._disk, self._template, self._random = disk, template, random
        self._headers = {"Authorization": f"Bearer {token}"}
        self._home = disk.path / "node"
        self._owed: dict[str, set[str]] = defaultdict(set)
        self._node: RunningNode | None = None

    def start_disk(self) -> None:
        """Make the disk afresh, with a node that has never run."""
        self.stop()
        self._disk.make()
        shutil.copytree(self._template, self._home)
        os.sync()
        self._owed.clear()
        self._serve()

    def _serve(self) -> None:
        self._node = RunningNode(self._home, settings=SETTINGS)
        self._node.start()

    def stop(self) -> None:
        """End the node."""
        if self._node is not None:
            with contextlib.suppress(ArchipelError):
                self._node.stop()
        self._node = None

    def one(self, number: int) -> Mapping[str, int]:
        """Let modalities send, cut, mount, serve again, and judge."""
        node = self._node
        if node is None:
            raise RuntimeError("no node runs")
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_inheritable(writing, True)
        senders = [
            child(lambda s=s: keep_sending(self._peer(node), f"1.2.{number + 1}.{s + 1}", writing))
            for s in range(SENDERS)
        ]
        heard = b""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not heard and time.monotonic() < deadline:
            time.sleep(0.005)
            heard += _at_hand(reading)
        time.sleep(self._random.uniform(0.01, 1.2))
        cut_at = self._cut(node, stopped_first=bool(number % 2), senders=senders)
        os.close(writing)
        heard += _at_hand(reading)
        os.close(reading)
        acked = [Acknowledged(*json.loads(line)) for line in heard.splitlines()]
        self._disk.restore()
        self._serve()
        return self._judged(acked, cut_at)

    def _cut(self, node: RunningNode, *, stopped_first: bool, senders: list[int]) -> float:
        supervisor = psutil.Process(node.pid)
        processes = [*supervisor.children(recursive=True), supervisor]
        if stopped_first:
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.suspend()
            time.sleep(0.002)
        cut_at = time.monotonic()
        self._disk.cut()
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for pid in senders:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        node.kill()
        psutil.wait_procs(processes, timeout=10)
        return cut_at

    def _judged(self, acked: list[Acknowledged], cut_at: float) -> Mapping[str, int]:
        node = self._node
        if node is None:
            raise RuntimeError("no node runs")
        found: Counter[str] = Counter(cuts=1)
        by_study: dict[str, dict[str, str]] = defaultdict(dict)
        for one in acked:
            if one.at > cut_at:
                found["acks_behind_the_cut"] += 1
            else:
                by_study[one.study][one.sop_instance] = one.digest
        found["acked"] = sum(map(len, by_study.values()))
        with httpx.Client(
            base_url=f"{node.http}/dicomweb", headers=self._headers, timeout=60
        ) as web:
            for study, owed in by_study.items():
                keys = {STUDY: study, SERIES: "", SOP: ""}
                listed = {each.text(SOP) for each in find(self._peer(node), Level.IMAGE, keys)}
                served = _served(web, study)
                found["lost"] += len(owed.keys() - listed)
                found["not_served"] += len(owed.keys() - served.keys())
                found["torn"] += sum(served.get(uid, owed[uid]) != owed[uid] for uid in owed)
            for study, owed in self._owed.items():
                answer = web.get(f"/studies/{study}/instances", params={"limit": "1000"})
                listed = {one["00080018"]["Value"][0] for one in answer.json()}
                found["lost_later"] += len(owed - listed)
        found["packs"] = len(list(self._home.glob("packs/*/*.pack")))
        for study, owed in by_study.items():
            self._owed[study] |= owed.keys()
        return found

    def _peer(self, node: RunningNode) -> Peer:
        return Peer(
            host=node.dicom_host,
            port=node.dicom_port,
            called=AETitle("CHU"),
            calling=AETitle("CT"),
        )


def _at_hand(fd: int) -> bytes:
    content = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(fd, 1 << 20):
            content += piece
    return content


def _served(web: httpx.Client, study: str) -> dict[str, str]:
    """Fetch a study; return the digest of each data set by SOP instance."""
    answer = web.get(f"/studies/{study}", headers=AS_STORED)
    if answer.status_code != httpx.codes.OK:
        return {}
    boundary = answer.headers["content-type"].split("boundary=")[1].split(";")[0].strip('"')
    served = {}
    for piece in answer.content.split(f"--{boundary}".encode())[1:-1]:
        file = piece.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
        meta, start = split(file)
        served[meta.sop_instance] = blake3(file[start:]).hexdigest()
    return served


def main() -> None:
    """Run the rounds asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuts", type=int, default=4)
    parser.add_argument("--filesystem", default="ext4", choices=["ext4", "xfs"])
    parser.add_argument("--seed", type=int, default=time.time_ns() // 10**9)
    asked = parser.parse_args()
    work = Path(tempfile.mkdtemp())
    token = furnish(work / "template", {"chu": [Device("CT")]})["chu"]
    disk = CuttableDisk(work, asked.filesystem)
    random = Random(asked.seed)  # noqa: S311 (moments, not secrets)
    rounds = Rounds(disk, work / "template", token, random)
    total: Counter[str] = Counter()
    started = time.monotonic()
    try:
        for number in range(asked.cuts):
            if number % ROUNDS_ON_ONE_DISK == 0:
                rounds.start_disk()
            total.update(rounds.one(number))
            seconds = round(time.monotonic() - started)
            said = {"seed": asked.seed, **total, "seconds": seconds}
            sys.stdout.write(json.dumps(said) + "\n")
            sys.stdout.flush()
    finally:
        rounds.stop()
        disk.close()
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
