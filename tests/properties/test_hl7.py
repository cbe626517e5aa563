"""Laws of the HL7 grammar: what is written is read back; no bytes break it."""

import time

from hypothesis import example, given
from hypothesis import strategies as st

from archipel.standards.hl7v2.acknowledgement import unreadable
from archipel.standards.hl7v2.errors import Fault
from archipel.standards.hl7v2.escape import Separators
from archipel.standards.hl7v2.message import Message, header, parse, segment, write
from archipel.standards.hl7v2.values import coded, cxs, ei, moment, person_name
from archipel.testing.storage_node import START as NOW

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
COMPONENT = st.lists(TEXT, min_size=1, max_size=3).map(tuple)
REPETITION = st.lists(COMPONENT, min_size=1, max_size=4).map(tuple)
FIELD = st.lists(REPETITION, min_size=1, max_size=3).map(tuple)
SIGNS = st.permutations("|^~\\&#!?*+").map(lambda p: Separators(*p[:5]))
NAMES = st.sampled_from(["PID", "ORC", "OBR", "ZDS", "OBX", "NTE"])


@given(
    SIGNS,
    st.lists(st.tuples(NAMES, st.dictionaries(st.integers(1, 30), FIELD, max_size=4)), max_size=5),
)
def test_what_is_written_is_read_back(signs: Separators, contents) -> None:
    made = [segment(name, fields, signs) for name, fields in contents]
    head = header({9: "ORM", 10: "1", 12: "2.5", 18: "UNICODE UTF-8"}, signs)
    whole = Message((head, *made))

    read = parse(write(whole))

    assert read == whole
    assert write(read) == write(whole)
    for one, (_, fields) in zip(read.segments[1:], contents, strict=True):
        for number, field in fields.items():
            if field != ((("",),),):
                assert one.field(number) == field


@given(st.binary(max_size=400))
@example(b"MSH|")
@example(b"MSH")
@example(b"MSH|^~\\&")
@example(b"MSH\r|^~\\&")
@example(b"MSH|^~\\&|" + b"\\" * 300)
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    for data in (noise, b"MSH" + noise, b"MSH|^~\\&|" + noise):
        message = _read(data)
        if isinstance(message, Fault):
            assert parse(unreadable(message, control_id="1", now=NOW)).first("MSA")
            continue
        assert parse(write(message)) == message
        for one in message.segments:
            for number in range(1, len(one.raw) + 1):
                one.field(number)
                cxs(one, number)
                ei(one, number)
                coded(one, number)
                moment(one, number)
                person_name(one, number)


def _read(data: bytes) -> Message | Fault:
    try:
        return parse(data)
    except Fault as fault:
        return fault


def test_a_hostile_message_of_one_sign_takes_no_longer_than_a_plain_one() -> None:
    head = b"MSH|^~\\&|A|B|C|D|2026||ORM^O01|1|P|2.5\r"
    for filling in (b"\\", b"\\X", b"\\F", b"~", b"^", b"&", b"\n", b"A"):
        body = b"NTE|1||" + filling * ((1 << 19) // len(filling))
        began = time.process_time()
        message = parse(head + body)
        message.segments[-1].text(3)
        message.segments[-1].field(3)
        assert time.process_time() - began < 4, filling
