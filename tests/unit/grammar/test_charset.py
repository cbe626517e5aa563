"""Specific character sets: the examples of PS3.5 Annexes H to K, and what devices do wrong."""

import pytest

from archipel.standards.dicom.charset import DEFAULT, LATIN_1, UTF_8, character_set, suiting

EXAMPLES = [
    (
        "\\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    (
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        (
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J="
            b"\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J"
        ),
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    (
        "\\ISO 2022 IR 149",
        (
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7="
            b"\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
        ),
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    (
        "\\ISO 2022 IR 58",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东=",
    ),
    ("GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
    ("GBK", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
    ("ISO_IR 192", "Wang^XiaoDong=王^小東=".encode(), "Wang^XiaoDong=王^小東="),
    ("ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
    ("ISO_IR 101", b"W\xb1\xb3\xeasa", "Wąłęsa"),
    ("ISO_IR 144", b"\xbb\xee\xda\x63\x65\xdc\xd1\x79\x70\xd3", "Люкceмбypг"),  # noqa: RUF001 (so in H.4)
    ("ISO_IR 126", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"),
    ("ISO_IR 127", b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", "قباني^لنزار"),
    ("ISO_IR 138", b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4", "שרון^דבורה"),
    ("ISO_IR 148", b"\xc7avu\xfeo\xf0lu", "Çavuşoğlu"),
    ("ISO_IR 166", b"\xb9\xd2\xc1\xca\xa1\xd8\xc5", "นามสกุล"),
    ("ISO_IR 203", b"\xa4\xbc\xbd", "€Œœ"),
]
NAMES = [row[0] for row in EXAMPLES]


@pytest.mark.parametrize(("terms", "raw", "text"), EXAMPLES, ids=NAMES)
def test_a_name_is_read_as_the_standard_shows(terms: str, raw: bytes, text: str) -> None:
    assert character_set(terms).decode_checked(raw, name=True) == (text, True)


@pytest.mark.parametrize(("terms", "raw", "text"), EXAMPLES, ids=NAMES)
def test_a_name_that_is_written_reads_the_same(terms: str, raw: bytes, text: str) -> None:
    charset = character_set(terms)
    written, right = charset.encode_checked(charset.decode(raw, name=True), name=True)

    assert right
    assert charset.decode(written, name=True) == charset.decode(raw, name=True)


def test_a_backslash_may_be_half_a_sign() -> None:
    raw = "十".encode("gb18030") + b"\\" + "\N{CJK UNIFIED IDEOGRAPH-4E04}".encode("gb18030")

    assert character_set("GB18030").decode(raw) == "十\\丄"
    assert character_set("\\ISO 2022 IR 87").decode(b"\x1b$B!\\!]\x1b(B\\a") == "\uff0b\u2212\\a"


@pytest.mark.parametrize(
    ("terms", "raw", "text"),
    [
        ("", b"J\xe9r\xf4me", "Jérôme"),
        ("", "Jérôme".encode(), "Jérôme"),
        ("ISO_IR 192", b"J\xe9r", "J\N{REPLACEMENT CHARACTER}r"),
        ("ISO 9999", b"J\xe9r", "Jér"),
        ("\\ISO 2022 IR 87", b"\x1b$B;3E\x1b(Bx", "\N{REPLACEMENT CHARACTER}x"),
        ("ISO_IR 100", b"a\x1b%zb", "a\N{REPLACEMENT CHARACTER}%zb"),
        ("\\ISO 2022 IR 149", b"\xb1\xe8^\xc8\xf1", "김^희"),
    ],
)
def test_wrong_bytes_are_read_as_well_as_may_be_and_told(
    terms: str, raw: bytes, text: str
) -> None:
    assert character_set(terms).decode_checked(raw, name=True) == (text, False)


@pytest.mark.parametrize("name", ["ISO_IR 100", "ISO-IR 100", "iso_ir_100", "ISO 2022 IR 100 "])
def test_misspelt_terms_are_understood(name: str) -> None:
    assert character_set(name).decode(b"\xe9") == "é"


def test_what_the_repertoire_lacks_is_replaced_and_told() -> None:
    assert LATIN_1.encode_checked("Łódź") == (b"?\xf3d?", False)
    assert DEFAULT.encode_checked("é") == (b"?", False)


@pytest.mark.parametrize(
    ("texts", "preferred", "chosen"),
    [
        (["plain"], None, ""),
        (["Zoé"], None, "ISO_IR 100"),
        (["Łódź"], None, "ISO_IR 192"),
        (["Zoé"], UTF_8, "ISO_IR 192"),
        (["Łódź"], LATIN_1, "ISO_IR 192"),
    ],
)
def test_the_plainest_set_that_has_every_sign_is_chosen(texts, preferred, chosen) -> None:
    assert str(suiting(texts, preferred)) == chosen
