"""A message cut into PDUs is the same message, whatever the sizes."""

from hypothesis import given
from hypothesis import strategies as st

from archipel.protocols.dimse.fragments import fragments
from archipel.standards.dicom import pdu


@given(
    st.binary(max_size=200),
    st.none() | st.lists(st.integers(0, 20_000), max_size=6),
    st.sampled_from([0, 1, 4096, 4097, 16_382, 131_072, 2**32 - 1]),
)
def test_what_is_cut_is_whole_again(command: bytes, sizes: list[int] | None, longest: int) -> None:
    dataset = None if sizes is None else [bytes([n % 251]) * size for n, size in enumerate(sizes)]
    sent = b"".join(fragments(5, command, dataset, longest))
    parts: dict[int, bytes] = {pdu.COMMAND: b"", 0: b""}
    ended = []
    at = 0
    while at < len(sent):
        kind, _, length = pdu.HEADER.unpack_from(sent, at)
        at += pdu.HEADER.size
        message = pdu.decode(kind, sent[at : at + length])
        at += length
        assert isinstance(message, pdu.DataTransfer)
        assert length <= max(min(longest or 131_072, 131_072), 4096)
        for value in message.values:
            assert value.context_id == 5
            parts[value.control & pdu.COMMAND] += value.fragment
            if value.control & pdu.LAST:
                ended.append(value.control & pdu.COMMAND)

    assert parts[pdu.COMMAND] == command
    assert parts[0] == b"".join(dataset or [])
    assert ended == ([pdu.COMMAND] if dataset is None else [pdu.COMMAND, 0])
