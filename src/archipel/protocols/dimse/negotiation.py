"""Which presentation contexts an archive accepts, and in which role (PS3.8 9.3.3, PS3.7 D.3.3.4).

For storage the first transfer syntax proposed that is known, or that begins with DICOM's own
root, is accepted: the sender's preference is kept, and so are its bytes. A peer that negotiates
the SCP role of a storage class is one that will be sent instances by C-GET.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from archipel.kernel.errors import Malformed
from archipel.protocols.dimse.settings import DimseSettings
from archipel.standards.dicom import service_classes as sop
from archipel.standards.dicom import transfer_syntax
from archipel.standards.dicom.part10 import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
)
from archipel.standards.dicom.pdu import (
    AnsweredContext,
    AssociateAc,
    AssociateRq,
    ContextResult,
    ProposedContext,
)
from archipel.standards.dicom.user_information import ExtendedNegotiation, Role, UserInformation

_IDENTIFIER_SYNTAXES = (  # of queries: no data set there is worth compressing
    transfer_syntax.EXPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax.IMPLICIT_VR_LITTLE_ENDIAN,
)


_OF_SMALL_DATASETS = (
    sop.FIND | sop.WORKLIST | sop.MOVE | sop.GET | sop.COMMITMENT | {sop.VERIFICATION}
)


# Places in the service class application information (PS3.4 tables C.5-1, C.5-2, C.5-3, B.3-1).
RELATIONAL, COMBINED_DATE_TIME, FUZZY_NAMES = 0, 1, 2
OF_QUERIES = b"\1\1\1\0\0"  # neither time zones nor enhanced multi-frame conversion
OF_RETRIEVALS = b"\1\0"
OF_STORAGE = b"\2\0\3\0\0\0"  # level 2 (full), every signature kept, nothing coerced


@dataclass(frozen=True, slots=True)
class Context:
    """One accepted presentation context."""

    abstract_syntax: str
    transfer_syntax: str
    peer_may_receive: bool = False  # the peer took the SCP role: C-GET
    agreed: bytes = b""  # service class application information, as we answered it

    def agrees(self, what: int) -> bool:
        """Tell whether an extension was asked for and agreed upon: one of those below."""
        return self.agreed[what : what + 1] == b"\1"


def check(request: AssociateRq) -> None:
    """Hold a request against what every implementation must keep. Raises `Malformed`."""
    ids = [context.context_id for context in request.contexts]
    if len(set(ids)) != len(ids) or any(number % 2 == 0 for number in ids):
        raise Malformed("presentation context ids must be odd and unique (PS3.8 table 9-13)")


def answer(
    request: AssociateRq, settings: DimseSettings
) -> tuple[AssociateAc, dict[int, Context]]:
    """Decide on every proposed context; return the A-ASSOCIATE-AC and what was accepted."""
    wanted = {role.sop_class: role for role in request.user.roles}
    extensions = _extensions(request)
    answers: list[AnsweredContext] = []
    accepted: dict[int, Context] = {}
    roles: dict[str, Role] = {}
    for context in request.contexts:
        result, syntax = _decide(context)
        answers.append(AnsweredContext(context.context_id, result, syntax))
        if result is not ContextResult.ACCEPTANCE:
            continue
        role = wanted.get(context.abstract_syntax)
        receives = False
        if role is not None and _plays_both(context.abstract_syntax):
            roles[role.sop_class] = role
            receives = role.scp
        agreed = extensions.get(context.abstract_syntax, b"")
        accepted[context.context_id] = Context(context.abstract_syntax, syntax, receives, agreed)
    spoken = {context.abstract_syntax for context in accepted.values()}
    user = own_information(
        settings.max_pdu_bytes,
        roles.values(),
        [ExtendedNegotiation(uid, said) for uid, said in extensions.items() if uid in spoken],
    )
    message = AssociateAc(
        called=request.called, calling=request.calling, contexts=tuple(answers), user=user
    )
    return message, accepted


def _extensions(request: AssociateRq) -> dict[str, bytes]:
    """Say, of each SOP class with extended negotiation, what of it we do (PS3.7 D.3.3.5)."""
    return {
        one.sop_class: _agreed(one)
        for one in request.user.extended
        if one.sop_class in sop.FIND | sop.MOVE | sop.GET or sop.is_storage(one.sop_class)
    }


def _agreed(asked: ExtendedNegotiation) -> bytes:
    if sop.is_storage(asked.sop_class):
        return OF_STORAGE
    ours = OF_QUERIES if asked.sop_class in sop.FIND else OF_RETRIEVALS
    return bytes(min(one, own) for one, own in zip(asked.information, ours, strict=False))


def own_information(
    max_pdu_bytes: int,
    roles: Iterable[Role] = (),
    extended: Iterable[ExtendedNegotiation] = (),
) -> UserInformation:
    """Say who we are and how much we take at once."""
    return UserInformation(
        max_pdu_bytes=max_pdu_bytes,
        implementation_uid=IMPLEMENTATION_CLASS_UID,
        implementation_version=IMPLEMENTATION_VERSION_NAME,
        roles=tuple(roles),
        extended=tuple(extended),
    )


def _plays_both(abstract_syntax: str) -> bool:
    """Tell whether we are user and provider: C-GET sends, commitments are reported to us."""
    return sop.is_storage(abstract_syntax) or abstract_syntax in sop.COMMITMENT


def _decide(context: ProposedContext) -> tuple[ContextResult, str]:
    syntaxes = context.transfer_syntaxes
    first = syntaxes[0] if syntaxes else transfer_syntax.IMPLICIT_VR_LITTLE_ENDIAN
    abstract = context.abstract_syntax
    if abstract in _OF_SMALL_DATASETS:
        usable = [syntax for syntax in syntaxes if syntax in _IDENTIFIER_SYNTAXES]
    elif sop.is_storage(abstract):
        usable = [syntax for syntax in syntaxes if _keeps(syntax)]
    else:
        return ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, first
    if not usable:
        return ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED, first
    return ContextResult.ACCEPTANCE, usable[0]


def _keeps(syntax: str) -> bool:
    return syntax in transfer_syntax.REGISTRY or syntax.startswith(f"{transfer_syntax.ROOT}.")
