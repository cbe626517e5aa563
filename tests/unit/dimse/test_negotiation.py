"""What an archive accepts."""

import pytest
from pynetdicom import AllStoragePresentationContexts, StoragePresentationContexts

from archipel.protocols.dimse.negotiation import answer
from archipel.protocols.dimse.settings import DimseSettings
from archipel.standards.dicom import service_classes as sop
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.pdu import AssociateRq, ContextResult, ProposedContext
from archipel.standards.dicom.user_information import Role, UserInformation

CT = "1.2.840.10008.5.1.4.1.1.2"
_OTHERS = {"1.2.840.10008.5.1.4.34.10"}  # an RT machine's verification: no storage of a patient


def _answer(abstract: str, *syntaxes: str, roles: tuple[Role, ...] = ()):
    request = AssociateRq(
        called="A",
        calling="B",
        contexts=(ProposedContext(1, abstract, syntaxes),),
        user=UserInformation(roles=roles),
    )
    message, accepted = answer(request, DimseSettings())
    return message.contexts[0].result, accepted.get(1), message.user


@pytest.mark.parametrize(
    "abstract",
    sorted(
        {c.abstract_syntax for c in AllStoragePresentationContexts + StoragePresentationContexts}
        - _OTHERS
    ),
)
def test_every_storage_class_pynetdicom_knows_is_known(abstract: str) -> None:
    assert abstract in sop.STORAGE
    assert sop.is_storage(abstract)


@pytest.mark.parametrize(
    ("abstract", "kept"),
    [
        ("1.2.840.10008.5.1.4.1.1.99999", True),
        ("1.3.46.670589.11.0.0.12.1", True),
        ("1.2.840.10008.5.1.4.1.1.201.2", False),
        ("1.2.840.10008.5.1.4.33", False),
        ("1.2.840.10008.3.1.2.3.3", False),
        ("", False),
    ],
)
def test_what_came_after_us_is_kept_and_other_services_are_not(abstract: str, *, kept) -> None:
    result, _, _ = _answer(abstract, ts.IMPLICIT_VR_LITTLE_ENDIAN)

    expected = ContextResult.ACCEPTANCE if kept else ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED
    assert result == expected


@pytest.mark.parametrize("syntax", sorted(ts.REGISTRY))
def test_every_transfer_syntax_is_accepted_for_storage(syntax: str) -> None:
    assert _answer(CT, syntax)[1].transfer_syntax == syntax


def test_the_sender_s_first_choice_that_can_be_kept_is_taken() -> None:
    _, context, _ = _answer(CT, "1.9.9", ts.JPEG_LS_LOSSLESS, ts.IMPLICIT_VR_LITTLE_ENDIAN)

    assert context.transfer_syntax == ts.JPEG_LS_LOSSLESS


def test_an_unknown_private_transfer_syntax_is_refused() -> None:
    assert _answer(CT, "1.9.9")[0] == ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED
    assert _answer(CT)[0] == ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED


def test_identifiers_are_exchanged_uncompressed() -> None:
    deflated, plain = ts.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, ts.IMPLICIT_VR_LITTLE_ENDIAN

    assert _answer(sop.STUDY_ROOT_FIND, deflated, plain)[1].transfer_syntax == plain


def test_a_getter_is_given_the_role_it_asks_for() -> None:
    _, context, user = _answer(CT, ts.JPEG_BASELINE, roles=(Role(CT, scu=False, scp=True),))

    assert context.peer_may_receive
    assert user.roles == (Role(CT, scu=False, scp=True),)


def test_nobody_else_is_sent_anything() -> None:
    assert not _answer(CT, ts.JPEG_BASELINE)[1].peer_may_receive
