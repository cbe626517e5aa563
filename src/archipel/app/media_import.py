"""Take in Part 10 files from a disk or a medium (PS3.10): through the journal, like all the rest.

Resumable: what was taken is remembered in the node's home by path, size and time, so that an
import that was cut goes on where it stopped. Sending a file again is harmless anyway: the same
bytes under the same UID are the same instance.

A node that runs is not outrun: the import waits while its index writer is far behind. In a node
that is stopped nobody reads what is announced, and nothing is lost by that: the index writer
replays the journal when the node starts (ADR 0059).
"""

import hashlib
import mmap
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from blake3 import blake3

from archipel.access.model import Organisation
from archipel.app.index_writer import alone
from archipel.app.wiring import Node
from archipel.archive.errors import IndexBehind, MisplacedInstance
from archipel.archive.model import JournalPlace, Receipt
from archipel.archive.ports import Slot
from archipel.kernel.errors import Conflict, Malformed
from archipel.kernel.uid import Uid
from archipel.standards.dicom.header import scan
from archipel.standards.dicom.part10 import meta, split

DOOR = "import"
PATIENCE_S = 120.0  # with an index writer that runs and takes nothing
PIECE_BYTES = 4 << 20
MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"  # a DICOMDIR holds no instance
NEEDED = (0x0020000D, 0x0020000E, 0x00080018)


@dataclass(slots=True)
class Tally:
    """How an import went. `refused` names files and reasons, never a patient."""

    taken: int = 0
    before: int = 0
    other: int = 0
    refused: list[tuple[Path, str]] = field(default_factory=list)


def files(paths: Sequence[Path]) -> list[Path]:
    """List every file below the given paths, in a stable order. Raises `Malformed`."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise Malformed(f"no such file or directory: {path}")
        inside = [path] if path.is_file() else (p for p in path.rglob("*") if p.is_file())
        found += sorted(inside)
    return found


def take_in(found: Sequence[Path], *, organisation: Organisation, node: Node) -> Iterator[Tally]:
    """Import files one by one; yields the tally after each. Raises `Exhausted`, `Unavailable`."""
    tally = Tally()
    with _Progress(node.home.root / "imports", found, organisation) as progress:
        slot = node.journal.slot()
        last: JournalPlace | None = None
        try:
            for path in found:
                if progress.knows(path):
                    tally.before += 1
                else:
                    one = partial(_one, path, slot, organisation, node, tally)
                    last = _patiently(one, node) or last
                    progress.done(path)
                yield tally
        finally:
            slot.close()
        if last is not None:
            node.journal.wait_indexed(last, timeout_s=2.0)


def _patiently(
    one: Callable[[], JournalPlace | None], node: Node, *, patience_s: float = PATIENCE_S
) -> JournalPlace | None:
    """Take one file in, whatever the index writer does. Raises `IndexBehind` if it is stuck.

    A file that was safe already when it could not be announced is sent again: a duplicate.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return one()
        except IndexBehind:
            if not _nobody_follows(node) and time.monotonic() > deadline:
                raise


def _nobody_follows(node: Node) -> bool:
    """Make room where no index writer runs; tell whether that is so."""
    try:
        with alone(node.home.run):
            node.journal.forget_announcements()
    except Conflict:
        return False
    return True


def _one(
    path: Path, slot: Slot, organisation: Organisation, node: Node, tally: Tally
) -> JournalPlace | None:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                tally.other += 1
                return None
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                place = _append(content, slot, organisation, node, str(path))
    except Malformed as error:
        tally.refused.append((path, str(error)))
        return None
    if place is None:
        tally.other += 1
    else:
        tally.taken += 1
    return place


def _append(
    content: mmap.mmap, slot: Slot, organisation: Organisation, node: Node, label: str
) -> JournalPlace | None:
    with memoryview(content) as view:
        said, start = split(view)
        if said.sop_class == MEDIA_DIRECTORY:
            return None
        header = scan(view[start:], said.transfer_syntax)
        for tag in NEEDED:
            try:
                Uid(header.get(tag, ""))
            except Malformed as error:
                raise MisplacedInstance(
                    f"({tag >> 16:04X},{tag & 0xFFFF:04X}) is missing or wrong: {error}"
                ) from error
        sop_class, sop_instance = Uid(header[0x00080016]), Uid(header[0x00080018])
        syntax = Uid(said.transfer_syntax)
        slot.begin(meta(sop_class=sop_class, sop_instance=sop_instance, transfer_syntax=syntax))
        digest = blake3()
        for at in range(start, len(view), PIECE_BYTES):
            with view[at : at + PIECE_BYTES] as piece:
                digest.update(piece)
                slot.write([piece])
        return slot.commit(
            Receipt(
                tenant=organisation.key,
                patient_issuer=organisation.issuer.namespace,
                source="import",
                peer="",
                door=DOOR,
                association=hashlib.sha256(label.encode()).hexdigest()[:16],
                sop_class=sop_class,
                sop_instance=sop_instance,
                transfer_syntax=syntax,
                digest=digest.digest(),
                received_at=node.clock(),
                header=header,
            )
        )


class _Progress:
    """What an import has done already: one line a file, in a file named after what is imported."""

    def __init__(self, directory: Path, found: Sequence[Path], organisation: Organisation) -> None:
        directory.mkdir(exist_ok=True)
        name = hashlib.sha256(
            "\n".join([organisation.key.value, *map(str, found)]).encode()
        ).hexdigest()[:24]
        self._path = directory / f"{name}.done"
        self._known = set(self._path.read_text().split()) if self._path.exists() else set()

    def __enter__(self) -> Self:
        self._file = self._path.open("a")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._file.close()
        if kind is None:
            self._path.unlink()

    def knows(self, path: Path) -> bool:
        return self._mark(path) in self._known

    def done(self, path: Path) -> None:
        self._file.write(f"{self._mark(path)}\n")
        self._file.flush()

    @staticmethod
    def _mark(path: Path) -> str:
        known = path.stat()
        said = f"{path.resolve()}:{known.st_size}:{known.st_mtime_ns}"
        return hashlib.sha256(said.encode()).hexdigest()[:32]
