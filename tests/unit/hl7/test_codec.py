"""Messages are read and written as HL7 chapter 2 says."""

from datetime import UTC, datetime

import pytest

from archipel.standards.hl7v2.acknowledgement import Code, Verdict, acknowledge, answers
from archipel.standards.hl7v2.errors import Condition, Fault, Location
from archipel.standards.hl7v2.message import parse, segment, write
from archipel.standards.hl7v2.values import Moment, cxs, ei, person_name

NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
PID = (
    "PID|1||000003^^^CHU-X&000897406&N^PI~279035121518989^^^ASIP-SANTE-INS-NIR"
    "&1.2.250.1.213.1.4.10&ISO^INS||TEST-TROIS^DOMINIQUE^DOMINIQUE ANNE^^^^L||19790328|F"
)


def message(*lines: str, version: str = "2.5", wishes: str = "|", charset: str = "UNICODE UTF-8"):
    head = (
        rf"MSH|^~\&|RIS|CHU|ARCHIPEL|MQ|20260106120000||ORM^O01^ORM_O01|42|P|{version}|||{wishes}"
        f"||{charset}"
    )
    return "".join(f"{line}\r" for line in (head, *lines)).encode()


def test_a_field_is_taken_apart() -> None:
    pid = parse(message(PID)).require("PID")

    assert [one.value for one in cxs(pid, 3)] == ["000003", "279035121518989"]
    assert cxs(pid, 3)[0].authority.name == "CHU-X"
    assert cxs(pid, 3)[1].authority.universal_id == "1.2.250.1.213.1.4.10"
    assert cxs(pid, 3)[1].type == "INS"
    assert person_name(pid, 5) == "TEST-TROIS^DOMINIQUE^DOMINIQUE ANNE"
    assert person_name(pid, 5, french=True) == "TEST-TROIS^DOMINIQUE"
    assert pid.text(99) == ""


def test_an_entity_identifier_has_its_authority_in_three_components() -> None:
    orc = parse(message("ORC|NW|OPN101^^1.2.250.1.748^ISO")).require("ORC")

    assert ei(orc, 2).value == "OPN101"
    assert ei(orc, 2).authority.name == "1.2.250.1.748"


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f"),
        (r"one\.br\two", "one\ntwo"),
        (r"\H\loud\N\ quiet", "loud quiet"),
        (r"\XC3A9\t\XC3A9\ ", "été "),
        (r"a lone \ stays", r"a lone \ stays"),
        (r"\Zown\ stays", r"\Zown\ stays"),
        (r"\X0\ is no byte", r"\X0\ is no byte"),
    ],
)
def test_escape_sequences_are_resolved(wire: str, said: str) -> None:
    assert parse(message(f"NTE|1||{wire}")).require("NTE").text(3) == said


def test_other_delimiters_are_taken_as_announced() -> None:
    read = parse(b"MSH#*!?+#A#B#C#D#2026##ADT*A01#1#P#2.5\rPID###7***X+1.2+ISO!8\r")

    assert read.header.text(9, 2) == "A01"
    assert [one.authority.universal_id for one in cxs(read.require("PID"), 3)] == ["1.2", ""]
    assert write(read) == b"MSH#*!?+#A#B#C#D#2026##ADT*A01#1#P#2.5\rPID###7***X+1.2+ISO!8\r"


@pytest.mark.parametrize(("name", "codec"), [("8859/1", "latin-1"), ("8859/15", "iso8859-15")])
def test_the_character_set_is_that_of_msh_18(name: str, codec: str) -> None:
    raw = message("NTE|1||œ" if name == "8859/15" else "NTE|1||é", charset=name)
    read = parse(raw.decode().encode(codec))

    assert read.require("NTE").text(3) in {"é", "œ"}
    assert write(read) == raw.decode().encode(codec)


def test_a_message_that_names_no_character_set_takes_that_of_its_site() -> None:
    raw = message("NTE|1||é", charset="").decode().encode("latin-1")

    assert parse(raw, undeclared="8859/1").require("NTE").text(3) == "é"
    with pytest.raises(Fault, match="MSH-18"):
        parse(raw)


@pytest.mark.parametrize(
    ("raw", "words", "where"),
    [
        (b"", "begins with MSH", Location("MSH")),
        (b"PID|1", "begins with MSH", Location("MSH")),
        (b"BHS|^~\\&", "batch", Location("BHS")),
        (b"MSH|^~\\", "delimiters", Location("MSH", field=2)),
        (b"MSH|^^\\&|A", "delimiters", Location("MSH", field=2)),
        (b"MSH|^~\\&|A\rMSH|^~\\&|A", "second MSH", Location("MSH", occurrence=2)),
        (b"MSH|^~\\&|A\rpid|1", "line 2 is no segment", Location()),
        (b"MSH|^~\\&" + b"|" * 16 + b"UNICODE", "character set", Location("MSH", field=18)),
    ],
)
def test_what_is_no_message_is_refused_with_its_place(raw, words, where) -> None:
    with pytest.raises(Fault, match=words) as refused:
        parse(raw)

    assert refused.value.where == where


def test_line_feeds_end_segments_where_nothing_else_does() -> None:
    for ends in (b"\n", b"\r\n"):
        read = parse(message(PID).replace(b"\r", ends))
        assert [one.name for one in read.segments] == ["MSH", "PID"]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("20260106120000", datetime(2026, 1, 6, 12, tzinfo=UTC)),
        ("20260106120000.5-0400", datetime(2026, 1, 6, 16, 0, 0, 500000, tzinfo=UTC)),
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("202602", datetime(2026, 2, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_is_an_instant_in_its_zone(text: str, instant: datetime) -> None:
    moment = Moment.of(text)

    assert moment is not None
    assert moment.aware(UTC) == instant


@pytest.mark.parametrize("text", ["", "20261301", "today", "20260230", "2026010625"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert Moment.of(text) is None


def test_an_acknowledgement_turns_the_addresses_round() -> None:
    msh = parse(message()).header
    fault = Fault(
        "an order needs a number",
        where=Location("ORC", field=2),
        condition=Condition.REQUIRED_FIELD_MISSING,
    )
    ack = parse(
        acknowledge(
            msh, Verdict(code=Code.APPLICATION_ERROR, faults=(fault,)), control_id="7", now=NOW
        )
    )

    assert [ack.header.text(n) for n in (3, 4, 5, 6)] == ["ARCHIPEL", "MQ", "RIS", "CHU"]
    assert ack.header.field(9) == ((("ACK",), ("O01",), ("ACK",)),)
    assert [ack.require("MSA").text(n) for n in (1, 2)] == ["AE", "42"]
    assert ack.require("ERR").field(2) == ((("ORC",), ("1",), ("2",)),)
    assert ack.require("ERR").text(3) == "101"
    assert ack.require("ERR").text(8) == "an order needs a number"


def test_an_old_version_is_answered_by_the_old_error_segment() -> None:
    msh = parse(message(version="2.3.1")).header
    fault = Fault("unknown", where=Location("MSH", field=9))
    ack = parse(
        acknowledge(
            msh, Verdict(code=Code.APPLICATION_REJECT, faults=(fault,)), control_id="7", now=NOW
        )
    )

    assert ack.require("ERR").field(1) == (
        (("MSH",), ("1",), ("9",), ("102", "Data type error", "HL70357")),
    )
    assert ack.require("MSA").text(3) == "unknown"


@pytest.mark.parametrize(
    ("wishes", "good", "bad"),
    [
        ("|", ["AA"], ["AE"]),
        ("AL|NE", ["CA"], ["CE"]),
        ("AL|AL", ["CA", "AA"], ["CE", "AE"]),
        ("NE|AL", ["AA"], ["AE"]),
        ("NE|ER", [], ["AE"]),
        ("SU|SU", ["CA", "AA"], []),
        ("NE|NE", [], []),
    ],
)
def test_a_sender_gets_the_acknowledgements_it_asked_for(wishes, good, bad) -> None:
    msh = parse(message(wishes=wishes)).header
    for code, expected in ((Code.APPLICATION_ACCEPT, good), (Code.APPLICATION_ERROR, bad)):
        written = answers(msh, Verdict(code=code), control_id="7", now=NOW)
        assert [parse(one).require("MSA").text(1) for one in written] == expected


def test_a_segment_is_made_of_texts_whatever_their_signs() -> None:
    made = segment("NTE", {1: "1", 3: "a|b^c~d\\e&f\rg"})

    assert made.text(3) == "a|b^c~d\\e&f\rg"
    assert "\r" not in made[3]
