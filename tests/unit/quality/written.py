"""Notes made as a peer or a desk makes them, for tests."""

from collections.abc import Sequence

from archipel.archive.model import Header, Held
from archipel.archive.quality.model import Note, Reason
from archipel.archive.quality.writing import NoteFile, Words, note_file
from archipel.kernel.clock import utc_now
from archipel.kernel.uid import Uid
from archipel.standards.dicom.part10 import split

WORDS = Words(why="TEST-Bougé", by="TEST Manip", institution="TEST-CH", at=utc_now())


def note(
    reason: Reason | None,
    images: Sequence[Held],
    study: Header,
    *,
    undoes: Sequence[Note] = (),
) -> NoteFile:
    """Write a note with UIDs of its own."""
    uids = Uid.fresh(), Uid.fresh()
    return note_file(reason, images, study=study, words=WORDS, uids=uids, undoes=undoes)


def dataset_of(made: NoteFile) -> bytes:
    """Take the data set of a note."""
    return made.content[split(made.content)[1] :]
