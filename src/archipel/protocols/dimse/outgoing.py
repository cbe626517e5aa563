"""Instances on their way out: which context carries each, and its C-STORE-RQ (PS3.4 Annex B).

As received if the peer takes that transfer syntax; otherwise decoded to explicit or implicit VR
little endian, which every implementation must take (PS3.5 section 10.1), or encoded again in a
lossless transfer syntax that the peer takes. Never with loss (ADR 0127).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from archipel.archive.model import Held
from archipel.archive.ports import Contents
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import ArchipelError
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.errors import NotAccepted
from archipel.protocols.dimse.fragments import Buffer
from archipel.protocols.dimse.negotiation import Context
from archipel.protocols.dimse.services import Transcoder
from archipel.protocols.dimse.user import MAX_CONTEXTS, Proposal
from archipel.standards.dicom.command import Command, CommandField, Element, request
from archipel.standards.dicom.part10 import split
from archipel.standards.dicom.transfer_syntax import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
)

PLAIN = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
LOSSLESS = (HTJ2K_LOSSLESS, JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS, RLE_LOSSLESS)
_STREAMED_BYTES = 64 << 20  # larger ones are not loaded whole
_CONTEXTS_FOR_ONE = 6  # the received transfer syntax, the plain ones, each lossless one


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One instance to be sent. `dataset` is called once, when it is due."""

    sop_class: Uid
    sop_instance: Uid
    transfer_syntax: Uid
    dataset: Callable[[], Iterable[Buffer]]


@dataclass(frozen=True, slots=True)
class Originator:
    """The C-MOVE on whose behalf an instance is sent (PS3.7 section 9.1.1.1.6)."""

    calling: AETitle
    message_id: int
    priority: int = 0  # (0000,0700): medium, as everything but an urgent retrieval


def outgoing(held: Held, contents: Contents) -> Outgoing:
    """Describe a held instance for sending."""
    return Outgoing(
        sop_class=held.sop_class,
        sop_instance=held.key.sop_instance,
        transfer_syntax=held.transfer_syntax,
        dataset=lambda: _dataset(held, contents),
    )


def batches(instances: Sequence[Outgoing]) -> Iterator[tuple[list[Proposal], list[Outgoing]]]:
    """Split what is to be sent so that the contexts of each part fit into one association."""
    by_kind: dict[tuple[Uid, Uid], list[Outgoing]] = {}
    for instance in instances:
        kind = instance.sop_class, instance.transfer_syntax
        by_kind.setdefault(kind, []).append(instance)
    kinds = sorted(by_kind)
    at_once = MAX_CONTEXTS // _CONTEXTS_FOR_ONE
    for start in range(0, len(kinds), at_once):
        part = set(kinds[start : start + at_once])
        asis = [Proposal(uid.value, (syntax.value,)) for uid, syntax in sorted(part)]
        classes = dict.fromkeys(proposal.abstract_syntax for proposal in asis)
        plain = [Proposal(uid, PLAIN) for uid in classes]
        coded = [Proposal(uid, (syntax,)) for uid in classes for syntax in LOSSLESS]
        wanted = [i for i in instances if (i.sop_class, i.transfer_syntax) in part]
        yield [*asis, *plain, *(one for one in coded if one not in asis)], wanted


class Routes:
    """The accepted contexts of an association, and what can go through them.

    `compressed`: what must be rewritten is rather encoded without loss than sent plain.
    """

    def __init__(
        self,
        contexts: Mapping[int, Context],
        transcoder: Transcoder | None,
        *,
        compressed: bool = False,
    ) -> None:
        self._ids = {
            (context.abstract_syntax, context.transfer_syntax): number
            for number, context in contexts.items()
        }
        self._transcoder = transcoder
        self._order = (*LOSSLESS, *PLAIN) if compressed else (*PLAIN, *LOSSLESS)
        self._compressed = compressed

    def prepare(self, instance: Outgoing) -> tuple[int, Iterable[Buffer]]:
        """Return the context for an instance and its bytes in the syntax of that context.

        Raises `NotAccepted`, and what decoding and encoding raise.
        """
        sop_class, stored = instance.sop_class.value, instance.transfer_syntax.value
        asis = self._ids.get((sop_class, stored))
        if asis is not None and not (self._compressed and stored in PLAIN):
            return asis, instance.dataset()
        refused: ArchipelError | None = None
        for syntax in self._order if asis is None else LOSSLESS:
            number = self._ids.get((sop_class, syntax))
            if number is None or self._transcoder is None:
                continue
            try:
                whole = b"".join(instance.dataset())
                return number, [self._transcoder(whole, instance.transfer_syntax, Uid(syntax))]
            except ArchipelError as failure:
                refused = failure
        if asis is not None:
            return asis, instance.dataset()
        if refused is not None:
            raise refused
        raise NotAccepted(
            f"the peer takes {sop_class} in no transfer syntax that {stored} goes into whole"
        )


def store_request(
    instance: Outgoing, message_id: int, originator: Originator | None = None
) -> Command:
    """Return the C-STORE-RQ of an instance."""
    command = request(CommandField.C_STORE_RQ, message_id, instance.sop_class.value, dataset=True)
    command.values[Element.AFFECTED_SOP_INSTANCE] = instance.sop_instance.value
    if originator is not None:
        command.values[Element.MOVE_ORIGINATOR_TITLE] = originator.calling.value
        command.values[Element.MOVE_ORIGINATOR_MESSAGE] = originator.message_id
        command.values[Element.PRIORITY] = originator.priority
    return command


def _dataset(held: Held, contents: Contents) -> Iterable[Buffer]:
    if held.size_bytes <= _STREAMED_BYTES:
        return [contents.dataset(held)]
    return _streamed(contents.part10(held))


def _streamed(file: Iterator[bytes]) -> Iterator[Buffer]:
    """Yield what follows the file meta information; the first piece holds all of that."""
    first = next(file, b"")
    yield memoryview(first)[split(first)[1] :]
    yield from file
