"""`archive.ports.Contents` in memory with frames and metadata, for tests of what shows images."""

import gzip
from collections.abc import Iterator, Sequence

from archipel.archive.model import Frame, Held
from archipel.imaging.ports import MOST_BYTES, Task
from archipel.kernel.errors import Exhausted, NotFound
from archipel.kernel.uid import Uid
from archipel.stores import frames
from archipel.stores.packs.metadata import instance_metadata
from archipel.testing.memory import MemoryContents


class InlineWorkshop:
    """`imaging.ports.Workshop` in the process that asks: for tests that send nothing hostile."""

    def run(self, task: Task, *, most_bytes: int = MOST_BYTES) -> bytes:
        """Do it here."""
        result = task.do()
        if len(result) > most_bytes:
            raise Exhausted(f"the result has {len(result)} bytes, {most_bytes} are granted")
        return result

    def pieces(self, task: Task) -> Iterator[bytes]:
        """Do it here."""
        return iter([task.do()])


class MemoryImages(MemoryContents):
    """What `MemoryContents` gives, and what is cut and made from a whole data set."""

    def frame(self, held: Held, number: int) -> Frame:
        """Cut one frame out of the data set."""
        data, syntax = self.dataset(held), str(held.transfer_syntax)
        spans = frames.layout(memoryview(data), syntax).get(number)
        if spans is None:
            content = frames.odd_frame(data, syntax, number)
        else:
            content = b"".join(data[span.start : span.start + span.length] for span in spans)
        return Frame(content=content, transfer_syntax=Uid(frames.served_as(syntax)))

    def series_metadata(self, held: Sequence[Held]) -> bytes:
        """Make the documents of these instances."""
        if not held:
            raise NotFound("no instance is asked for")
        documents = [instance_metadata(memoryview(self.dataset(one)), one) for one in held]
        return gzip.compress(b"[" + b",".join(documents) + b"]", 1)
