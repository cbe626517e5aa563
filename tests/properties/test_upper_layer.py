"""PDUs and command sets: what is written is read back, and bad bytes are only ever Malformed."""

import contextlib

from hypothesis import example, given
from hypothesis import strategies as st

from archipel.kernel.errors import Malformed
from archipel.standards.dicom import command, pdu, user_information

UIDS = st.lists(st.integers(0, 999_999), min_size=2, max_size=8).map(
    lambda parts: ".".join(map(str, parts))
)
TITLES = st.sampled_from(["A", "CT_1", "SCANNER 2", "ABCDEFGHIJKLMNOP"])
BYTE = st.integers(0, 255)
SHORT = st.integers(0, 0xFFFF)
SECRETS = st.binary(max_size=40)

user_informations = st.builds(
    user_information.UserInformation,
    max_pdu_bytes=st.integers(0, 2**32 - 1),
    implementation_uid=st.just("") | UIDS,
    implementation_version=st.just("") | TITLES,
    asynchronous_operations=st.none() | st.tuples(SHORT, SHORT),
    roles=st.lists(
        st.builds(user_information.Role, UIDS, scu=st.booleans(), scp=st.booleans()), max_size=3
    ).map(tuple),
    extended=st.lists(
        st.builds(user_information.ExtendedNegotiation, UIDS, SECRETS), max_size=3
    ).map(tuple),
    common_extended=st.lists(
        st.builds(
            user_information.CommonExtendedNegotiation,
            UIDS,
            UIDS,
            st.lists(UIDS, max_size=3).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    identity=st.none()
    | st.builds(user_information.UserIdentity, BYTE, st.booleans(), SECRETS, SECRETS),
    identity_response=st.none() | SECRETS,
    unknown=st.lists(st.tuples(st.integers(0x5A, 0x7F), SECRETS), max_size=2).map(tuple),
)
proposed = st.builds(pdu.ProposedContext, BYTE, UIDS, st.lists(UIDS, max_size=4).map(tuple))
answered = st.builds(pdu.AnsweredContext, BYTE, BYTE, st.just("") | UIDS)
pdus = st.one_of(
    st.builds(
        pdu.AssociateRq,
        called=TITLES,
        calling=TITLES,
        contexts=st.lists(proposed, max_size=4).map(tuple),
        user=user_informations,
        application_context=UIDS,
        protocol_version=SHORT,
    ),
    st.builds(
        pdu.AssociateAc,
        called=TITLES,
        calling=TITLES,
        contexts=st.lists(answered, max_size=4).map(tuple),
        user=user_informations,
        application_context=UIDS,
        protocol_version=SHORT,
    ),
    st.builds(pdu.AssociateRj, BYTE, SHORT),
    st.builds(
        pdu.DataTransfer,
        st.lists(st.builds(pdu.Pdv, BYTE, BYTE, st.binary(max_size=64)), max_size=4).map(tuple),
    ),
    st.just(pdu.ReleaseRq()),
    st.just(pdu.ReleaseRp()),
    st.builds(pdu.Abort, SHORT),
)

LATIN = st.sampled_from(["", "X", "no room left", "a-b"])
commands = st.dictionaries(
    st.sampled_from(sorted(set(command.Element) - {command.Element.GROUP_LENGTH})), st.just(0)
).flatmap(
    lambda chosen: st.fixed_dictionaries(
        {
            element: UIDS
            if element in command._UI
            else LATIN
            if element in command._TEXT
            else st.lists(st.integers(0, 2**32 - 1), max_size=3).map(tuple)
            if element in command._AT
            else SHORT
            for element in map(int, chosen)
        }
    )
)


@given(pdus)
def test_a_pdu_that_is_written_is_read_back(value: pdu.Pdu) -> None:
    raw = pdu.encode(value)
    kind, _, length = pdu.HEADER.unpack_from(raw)

    assert length == len(raw) - pdu.HEADER.size
    assert pdu.decode(kind, raw[pdu.HEADER.size :]) == value


@given(st.integers(0, 9), st.binary(max_size=300))
def test_arbitrary_bytes_are_a_pdu_or_malformed(kind: int, body: bytes) -> None:
    with contextlib.suppress(Malformed):
        pdu.decode(kind, body)


@given(pdus, st.data())
def test_a_damaged_pdu_is_a_pdu_or_malformed(value: pdu.Pdu, data: st.DataObject) -> None:
    raw = bytearray(pdu.encode(value))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] = data.draw(BYTE)
    cut = data.draw(st.integers(pdu.HEADER.size, len(raw)))

    with contextlib.suppress(Malformed):
        pdu.decode(raw[0], bytes(raw[pdu.HEADER.size : cut]))


@given(commands)
def test_a_command_set_that_is_written_is_read_back(values: dict[int, command.Value]) -> None:
    written = command.Command(values)

    assert command.decode(written.encode()) == written


@given(st.binary(max_size=300))
@example(b"\0\0\x00\x01\x04\0\0\0\1\0\0\0")
def test_arbitrary_bytes_are_a_command_set_or_malformed(raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        decoded = command.decode(raw)
        for name in ("field", "message_id", "status", "has_dataset"):
            with contextlib.suppress(Malformed):
                getattr(decoded, name)
