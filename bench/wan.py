"""`make bench-wan`: studies over a long line, ours beside dcmtk's storescu. Needs root.

Two real nodes in two network namespaces and `archipel.testing.archipelago.wan` between them. A
figure is goodput as % of the line: bytes of packs (ours), bytes of data sets (storescu), over the
seconds from the wish, or the first association, to the last byte checked and durable.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from archipel.access import enrol
from archipel.archive.model import StudyKey
from archipel.exchange.manifest import Layer, StudyManifest
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import TransferState
from archipel.kernel.errors import Unavailable
from archipel.kernel.uid import Uid
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom import part10
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.standards.dicom.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from archipel.testing.archipelago.islands import MODALITY, QUICK, Island, archipelago
from archipel.testing.archipelago.travelling import CT_IMAGE, TravellingNode, ct_study
from archipel.testing.archipelago.wan import FAR, NEAR, Line, Wan, available
from archipel.testing.running_node import RunningNode

RESULTS = Path(__file__).parent / "results"
DOOR, STORESCP = 7443, 11199
DONE = (TransferState.WHOLE, TransferState.PUBLISHED)
USUAL, LOSSY = Line(rtt_s=0.07, rate_bps=20e6), Line(rtt_s=0.07, rate_bps=20e6, loss=0.01)
SATELLITE = Line(rtt_s=0.6, rate_bps=2e6)
REPEATS, SCANNED = 3, 100
LIMIT_S = float(os.environ.get("ARCHIPEL_WAN_LIMIT_S", "1200"))  # of one line, all its cases
BEGAN_S = time.monotonic()
SMALL, LARGE = 170_000, 500_000  # bytes of an instance


class _Late(BaseException):
    """A line took longer than it may. No failure that code on the way would handle as its own."""


def main() -> None:
    """Measure every line, print the tables, keep them."""
    why = available()
    if why:
        sys.exit(f"bench-wan: {why}")
    rows = []
    names = sys.argv[1:] or ["usual", "lossy", "satellite"]
    lines = {"usual": USUAL, "lossy": LOSSY, "satellite": SATELLITE}
    for name in names:
        with tempfile.TemporaryDirectory(prefix="archipel-wan-") as folder:
            try:
                with _within(LIMIT_S, name):
                    for row in _line(name, lines[name], Path(folder)):
                        rows.append(row)
                        _progress(name, f"{row['what']}: measured")
            except (AssertionError, TimeoutError, Unavailable, _Late) as failure:
                rows.append({"line": name, "what": "did not end", "why": str(failure)[:300]})
                _progress(name, f"did not end: {str(failure)[:300]}")
    RESULTS.mkdir(exist_ok=True)
    said = {"load_average": os.getloadavg()[0], "rows": rows}
    (RESULTS / "wan.json").write_text(json.dumps(said, indent=1) + "\n")
    print(f"wan: one run, load {said['load_average']:.1f}")
    failed = [row for row in rows if row["what"] == "did not end"]
    for row in rows:
        print("  " + "  ".join(f"{key} {value}" for key, value in row.items()))
    if failed:
        sys.exit(1)


@contextmanager
def _within(limit_s: float, name: str) -> Iterator[None]:
    """Raise `_Late` where the body is when a line took longer; what was measured stays."""

    def late(_number: int, _frame: object) -> None:
        raise _Late(f"the line {name} took longer than {limit_s:.0f} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _progress(name: str, words: str) -> None:
    """Tell whoever waits what goes on; the figures go to the standard output."""
    print(f"wan {time.monotonic() - BEGAN_S:6.0f} s  {name}: {words}", file=sys.stderr, flush=True)


def _line(name: str, line: Line, folder: Path) -> Iterator[dict[str, object]]:
    """Measure one line."""
    small, large = (12, 4) if name == "satellite" else (22, 60)
    source, reader = archipelago(folder, {"gp": f"{NEAR}:{DOOR}", "mq": f"{FAR}:{DOOR}"})
    sets = {
        "cold": _noise(large, LARGE), "warm": _noise(large, LARGE),
        "small": _noise(small, SMALL), "backlog": _noise(large * 3, LARGE),
        "urgent": _noise(3 if name == "satellite" else 22, SMALL),
    }  # fmt: skip
    _progress(name, "making studies")
    keys = _prepare(source, sets)
    keys["look"] = _ct(source, 100 if name == "satellite" else 600)
    mbit = line.rate_bps / 1e6
    _progress(name, "starting two nodes")
    with Wan(line) as wan:
        source.before, reader.before = wan.inside(wan.near), wan.inside(wan.far)
        source.settings["ARCHIPEL_PEER__LINE_OUT_MBIT"] = str(mbit)
        reader.settings["ARCHIPEL_PEER__LINE_IN_MBIT"] = str(mbit)
        with (
            source.running(ARCHIPEL_PEER__LISTEN=f"{NEAR}:{DOOR}") as one,
            reader.running(ARCHIPEL_PEER__LISTEN=f"{FAR}:{DOOR}") as other,
        ):
            try:
                if name == "usual":
                    _progress(name, "C-STORE here to first image there")
                    yield _first_image(wan, source, one, reader, folder)
                for what in ("cold", "warm", "small"):
                    _progress(name, f"ours {what}")
                    yield _told(name, f"ours {what}", *_fetch(source, reader, keys[what]), line)
                _progress(name, "ours urgent beside a backlog")
                yield _urgent(name, source, reader, keys)
                _progress(name, "ours first look")
                yield _look(name, source, reader, keys["look"])
            except Exception:
                print(other.last_words())
                raise
        for what, contents in (("large", sets["warm"]), ("small", sets["small"])):
            for senders in (1, 4):
                _progress(name, f"storescu x{senders} {what}")
                seconds, size = _storescu(wan, folder, contents, senders)
                yield _told(name, f"storescu x{senders} {what}", seconds, size, line)
        if name != "satellite":
            _progress(name, "storescu urgent beside 4 storescu")
            yield _storescu_urgent(name, wan, folder, sets)


def _fetch(
    source: Island, reader: Island, key: StudyKey, of_class: TransferClass = TransferClass.ROUTINE
) -> tuple[float, int]:
    began = time.monotonic()
    wanted = reader.want(key, source, of_class)
    whole = reader.await_state(wanted.id, *DONE, within_s=400)
    return time.monotonic() - began, whole.size_bytes


def _urgent(
    name: str, source: Island, reader: Island, keys: dict[str, StudyKey]
) -> dict[str, object]:
    """Fetch an urgent study while a backlog is under way."""
    backlog = reader.want(keys["backlog"], source, TransferClass.BACKFILL)
    time.sleep(5)
    seconds, size = _fetch(source, reader, keys["urgent"], TransferClass.STAT)
    reader_state = reader.transfer(backlog.id)
    with reader.open() as node:
        node.transfers.withdraw(backlog.id, scope=reader.scope, now=node.clock())
    time.sleep(1)
    return {
        "line": name, "what": "ours urgent beside a backlog", "seconds": round(seconds, 2),
        "bytes": size, "backlog": f"{reader_state.percent} %",
    }  # fmt: skip


def _look(name: str, source: Island, reader: Island, key: StudyKey) -> dict[str, object]:
    """Measure the seconds until every frame is there at low resolution, then until all is."""
    with source.open() as node:
        offered = node.offers.manifest(key)
        assert offered is not None
        manifest = StudyManifest.parse(offered.content)
    began = time.monotonic()
    wanted = reader.want(key, source, TransferClass.STAT)
    with reader.open() as node:
        while not (found := node.transfers.get(wanted.id, scope=reader.scope)).low_whole:
            assert time.monotonic() - began < 200, found
            time.sleep(0.05)
    look_s = time.monotonic() - began
    reader.await_state(wanted.id, *DONE, within_s=600)
    low = manifest.layer_bytes(Layer.LOW) + manifest.layer_bytes(Layer.METADATA)
    return {
        "line": name, "what": "ours first look (M and L0)", "seconds": round(look_s, 2),
        "bytes": low, "whole_seconds": round(time.monotonic() - began, 2),
        "whole_bytes": manifest.size_bytes,
    }  # fmt: skip


def _first_image(
    wan: Wan, source: Island, near: RunningNode, reader: Island, folder: Path
) -> dict[str, object]:
    """Measure from the first C-STORE at one node to the first image at the other, three times.

    The reader's node wants the exam, urgently, as soon as it has heard of it; an image counts once
    all that is not pixels and every frame at low resolution are there.
    """
    seconds, whole = [], []
    for number in range(REPEATS):
        study = Uid.fresh()
        key, files = StudyKey(source.tenant, study), []
        place = folder / f"scanned-{number}"
        place.mkdir()
        for uid, content in ct_study(study, images=SCANNED).items():
            path = place / f"{len(files)}.dcm"
            path.write_bytes(_part10(uid.value, content))
            files.append(path)
        title = enrol.default_title(source.tenant)
        began = time.monotonic()
        names = ["-aet", str(MODALITY), "-aec", str(title), "127.0.0.1", str(near.dicom_port)]
        command = [*wan.inside(wan.near), "/usr/bin/storescu", *names, *map(str, files)]
        sender = subprocess.Popen(command, env=os.environ | {"TCP_NODELAY": "1"})
        with reader.open() as node:
            heard = partial(node.facts.of, f"study:{study}", tenant=source.tenant)
            _until(heard, within_s=120)
            assert sender.wait(60) == 0
            wanted = reader.want(key, source, TransferClass.STAT)
            standing = partial(node.transfers.get, wanted.id, scope=reader.scope)
            _until(lambda standing=standing: standing().low_whole, 120)
        seconds.append(round(time.monotonic() - began, 2))
        reader.await_state(wanted.id, *DONE, within_s=300)
        whole.append(round(time.monotonic() - began, 2))
    waited = source.settings | QUICK
    return {
        "line": "usual", "what": "C-STORE here to first image there", "seconds": seconds,
        "whole_seconds": whole, "images": SCANNED,
        "of_which_quiet_s": int(waited["ARCHIPEL_ARCHIVE__STUDY_QUIET_S"]),
    }  # fmt: skip


def _until(truth: Callable[[], object], within_s: float) -> None:
    until_s = time.monotonic() + within_s
    while not truth():
        if time.monotonic() > until_s:
            raise TimeoutError(f"nothing came within {within_s} s")
        time.sleep(0.02)


def _storescu(
    wan: Wan, folder: Path, contents: Sequence[bytes], senders: int
) -> tuple[float, int]:
    with _storescp(wan, folder):
        began = time.monotonic()
        running = [_sender(wan, files) for files in _files(folder, contents, senders) if files]
        for one in running:
            assert one.wait(600) == 0
        seconds = time.monotonic() - began
    return seconds, sum(map(len, contents))


def _storescu_urgent(
    name: str, wan: Wan, folder: Path, sets: dict[str, Sequence[bytes]]
) -> dict[str, object]:
    with _storescp(wan, folder):
        backlog = [_sender(wan, files) for files in _files(folder, sets["backlog"], 4)]
        time.sleep(5)
        began = time.monotonic()
        (urgent,) = (_sender(wan, files) for files in _files(folder, sets["urgent"], 1))
        assert urgent.wait(300) == 0
        seconds = time.monotonic() - began
        for one in backlog:
            one.kill()
            one.wait()
    return {
        "line": name, "what": "storescu urgent beside 4 storescu", "seconds": round(seconds, 2),
        "bytes": sum(map(len, sets["urgent"])),
    }  # fmt: skip


@contextmanager
def _storescp(wan: Wan, folder: Path) -> Iterator[None]:
    taken = folder / "taken"
    taken.mkdir(exist_ok=True)
    command = ["/usr/bin/storescp", "--fork", "-od", str(taken), str(STORESCP)]
    server = subprocess.Popen(
        [*wan.inside(wan.far), *command], env=os.environ | {"TCP_NODELAY": "1"}
    )
    time.sleep(1)
    try:
        yield
    finally:
        server.terminate()
        server.wait(10)
        for pid in subprocess.run(
            ["ip", "netns", "pids", wan.far], capture_output=True, text=True, check=True
        ).stdout.split():
            subprocess.run(["kill", pid], check=False)
        time.sleep(0.5)


def _sender(wan: Wan, files: Sequence[Path]) -> subprocess.Popen[bytes]:
    command = ["/usr/bin/storescu", FAR, str(STORESCP), *map(str, files)]
    return subprocess.Popen(
        [*wan.inside(wan.near), *command], env=os.environ | {"TCP_NODELAY": "1"}
    )


def _files(folder: Path, contents: Sequence[bytes], parts: int) -> Iterator[list[Path]]:
    place = Path(tempfile.mkdtemp(dir=folder))
    every = []
    for number, content in enumerate(contents):
        path = place / f"{number}.dcm"
        uid = datasets.read(content, EXPLICIT_VR_LITTLE_ENDIAN).text(0x00080018)
        path.write_bytes(_part10(uid, content))
        every.append(path)
    yield from (every[part::parts] for part in range(parts))


def _part10(uid: str, content: bytes) -> bytes:
    syntax = Uid(EXPLICIT_VR_LITTLE_ENDIAN)
    meta = part10.meta(sop_class=Uid(CT_IMAGE), sop_instance=Uid(uid), transfer_syntax=syntax)
    return meta + content


def _prepare(island: Island, sets: dict[str, Sequence[bytes]]) -> dict[str, StudyKey]:
    keys = {}
    node = TravellingNode(island.root, name=island.name, tenant=island.tenant)
    try:
        for name, contents in sets.items():
            for content in contents:
                node.receive(content, tenant=island.tenant)
            node.settle()
            study = datasets.read(contents[0], EXPLICIT_VR_LITTLE_ENDIAN).text(0x0020000D)
            keys[name] = StudyKey(island.tenant, Uid(study))
            node.offered(keys[name])
    finally:
        node.close()
    return keys


def _ct(island: Island, images: int) -> StudyKey:
    node = TravellingNode(island.root, name=island.name, tenant=island.tenant)
    try:
        key = node.study(series=(images,), side=512)
        node.offered(key)
    finally:
        node.close()
    return key


def _noise(count: int, size_bytes: int) -> list[bytes]:
    """Make a study that no codec makes smaller: what travels is what was sent."""
    study, series, chance = Uid.fresh(), Uid.fresh(), np.random.default_rng()
    side = int((size_bytes / 2) ** 0.5)
    made = []
    for number in range(1, count + 1):
        texts = {
            0x00080016: CT_IMAGE, 0x00080018: f"{series}.{number}"[:64], 0x00080060: "CT",
            0x00100010: "TEST-BRUIT^Blanc", 0x00100020: "TEST-0002",
            0x0020000D: study.value, 0x0020000E: series.value, 0x00200013: str(number),
        }  # fmt: skip
        one = DataSet.from_texts(texts)
        for tag, value in ((0x00280010, side), (0x00280011, side), (0x00280100, 16)):
            one.elements[tag] = Element("US", value.to_bytes(2, "little"))
        one.elements[0x7FE00010] = Element("OW", chance.bytes(side * side * 2))
        made.append(datasets.write(one, EXPLICIT_VR_LITTLE_ENDIAN))
    return made


def _told(name: str, what: str, seconds: float, size: int, line: Line) -> dict[str, object]:
    percent = 100 * size * 8 / seconds / line.rate_bps
    row = {
        "line": name, "what": what, "seconds": round(seconds, 2), "bytes": size,
        "percent_of_line": round(percent, 1),
    }  # fmt: skip
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main()
