"""Whole exams de-identified into one archive: made to its end before the first byte leaves.

The archive lies in a file without a name: what stops half-way leaves nothing behind. It is the
same for the same exam, project and options, byte for byte.
"""

import json
import shutil
import tempfile
import tomllib
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from archipel.access.model import Action, AuditEntry
from archipel.app.wiring import Node
from archipel.archive.model import Held
from archipel.imaging.deidentify import DeidentifyInstance
from archipel.kernel.actors import Scope
from archipel.kernel.errors import (
    ArchipelError,
    Conflict,
    Exhausted,
    Malformed,
    NotFound,
    Refused,
    Unavailable,
)
from archipel.protocols.web.models.deidentifying import DeidentifyRequest
from archipel.protocols.web.services import DeidentifiedExam
from archipel.reading.model import Exam, ExamId
from archipel.standards.dicom.deidentify.apply import Task
from archipel.standards.dicom.deidentify.profile import METHOD, Blackout, Box, Profile
from archipel.standards.dicom.deidentify.pseudonyms import Pseudonyms
from archipel.standards.dicom.deidentify.table import Option
from archipel.stores.key_file import held_or_made

MOST_BYTES = 2 << 30  # of one object
_PIECE_BYTES = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the archive tells no time
_TOLD_REASONS = 5


@dataclass(slots=True)
class _Tally:
    objects: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def left_out(self) -> int:
        return self.refused.total()

    def reasons(self) -> str:
        """Tell why, the most frequent first."""
        return "; ".join(f"{n}: {why}" for why, n in self.refused.most_common(_TOLD_REASONS))


@dataclass(frozen=True, slots=True)
class Deidentifying:
    """`protocols.web.services.Deidentifying`, and what `archipel deidentify` uses."""

    node: Node
    door: str

    def export(self, exam: ExamId, wish: DeidentifyRequest, *, scope: Scope) -> DeidentifiedExam:
        """See the port."""
        node, now = self.node, self.node.clock()
        found = node.exams.exam(exam, scope=scope, now=now)
        if exam.tenant not in scope.tenants:
            raise Refused("only the organisation whose exam it is lets it leave de-identified")
        task = self._task(found, wish)
        held = [
            one
            for one in node.catalogue.instances(scope=scope, study=exam.study)
            if one.tenant == exam.tenant
        ]
        if not held:
            raise NotFound("nothing of this exam is held here")
        self._has_room(held)
        file: IO[bytes] = tempfile.TemporaryFile(dir=node.home.run)  # noqa: SIM115  (it outlives this call)
        try:
            tally = self._fill(file, held, task, wish)
            _whole(tally, wish)
            self._say(exam, wish, tally, scope)
        except OSError as failure:
            file.close()
            raise Exhausted(f"no room to make the archive: {failure.strerror}") from failure
        except BaseException:
            file.close()
            raise
        size = file.tell()
        file.seek(0)
        return DeidentifiedExam(
            name=f"{task.pseudonyms.patient(task.subject)}.zip",
            size_bytes=size,
            objects=tally.objects,
            left_out=tally.left_out,
            pieces=Pieces(file),
        )

    def _task(self, exam: Exam, wish: DeidentifyRequest) -> Task:
        """Say what holds for the whole exam; whose it is as the archive knows it."""
        options = frozenset(map(Option, wish.options))
        key = Pseudonyms(held_or_made(self.node.home.pseudonym_key_file))
        patient = exam.patient
        subject = f"{patient.issuer}\0{patient.value}" if patient.value else f"study\0{exam.id}"
        return Task(
            profile=Profile(options, blackouts(self.node)),
            pseudonyms=key.of_project(exam.id.tenant.value, wish.project.strip()),
            subject=subject,
        )

    def _has_room(self, held: Sequence[Held]) -> None:
        """Raise `Exhausted` where the archive would take what receiving images needs."""
        node = self.node
        free = shutil.disk_usage(node.home.run).free - node.settings.archive.low_disk_bytes
        if sum(one.size_bytes for one in held) > free:
            raise Exhausted("the disk has no room to make the archive: free some, then try again")

    def _fill(
        self, file: IO[bytes], held: Sequence[Held], task: Task, wish: DeidentifyRequest
    ) -> _Tally:
        tally = _Tally()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            series: dict[str, int] = {}
            for one in sorted(held, key=lambda one: (one.key.series, one.number or 0, one.key)):
                try:
                    made = self._made(one, task)
                except Unavailable:
                    raise
                except ArchipelError as refusal:
                    tally.refused[str(refusal)] += 1
                    continue
                tally.objects += 1
                number = series.setdefault(one.key.series.value, len(series) + 1)
                name = f"DICOM/S{number:07d}/I{tally.objects:07d}"
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), made)
            told = json.dumps(_told(tally, wish), indent=1)
            archive.writestr(zipfile.ZipInfo("METHOD.JSON", _EPOCH), told)
        return tally

    def _made(self, held: Held, task: Task) -> bytes:
        dataset = self.node.contents.dataset(held)
        job = DeidentifyInstance(dataset, held.transfer_syntax.value, task)
        return self.node.workshop.run(job, most_bytes=MOST_BYTES)

    def _say(self, exam: ExamId, wish: DeidentifyRequest, tally: _Tally, scope: Scope) -> None:
        kept = ", ".join(sorted(wish.options)) or "basic profile"
        entry = AuditEntry(
            tenant=exam.tenant,
            at=self.node.clock(),
            actor=scope.actor,
            action=Action.SEND,
            subject=exam.study.value,
            door=self.door,
            detail=f"de-identified for {wish.project.strip()}: {tally.objects} objects, {kept}",
        )
        self.node.audit.record([entry])


def _whole(tally: _Tally, wish: DeidentifyRequest) -> None:
    """Raise `Conflict` where something stays behind that nobody agreed to leave."""
    if not tally.objects or (tally.refused and not wish.leave_out):
        raise Conflict(
            f"{tally.left_out} of {tally.left_out + tally.objects} objects cannot be made to name "
            f"nobody ({tally.reasons()}): nothing has left"
        )


def blackouts(node: Node) -> tuple[Blackout, ...]:
    """Read the node's rules on text in pixels; none where there is no file. Raises `Malformed`."""
    file = node.home.blackouts_file
    try:
        said = tomllib.loads(file.read_text("utf-8"))
        return tuple(map(_rule, said.get("blackout", [])))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError) as failure:
        raise Malformed(f"{file.name} cannot be read: {failure}") from failure


def _rule(said: dict[str, Any]) -> Blackout:
    boxes = tuple(Box(*map(int, box)) for box in said.get("boxes", []))
    return Blackout(
        modality=str(said["modality"]),
        rows=int(said["rows"]),
        columns=int(said["columns"]),
        manufacturer=str(said.get("manufacturer", "")),
        model=str(said.get("model", "")),
        boxes=boxes,
    )


def _told(tally: _Tally, wish: DeidentifyRequest) -> dict[str, Any]:
    return {
        "method": METHOD,
        "options": sorted(wish.options),
        "objects": tally.objects,
        "left_out": tally.left_out,
    }


class Pieces(Iterator[bytes]):
    """The archive piece by piece; its file is let go at the end, or when nobody wants it more."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __next__(self) -> bytes:
        if not self._file.closed and (piece := self._file.read(_PIECE_BYTES)):
            return piece
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Let the file go, and with it what was not read."""
        self._file.close()

    def __del__(self) -> None:
        self.close()
