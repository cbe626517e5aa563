"""Specific character sets: text of a data set in and out (PS3.5 section 6.1, PS3.3 C.12.1.1.2).

Nothing here raises on wrong bytes: an image with a mangled name is still an image. What could
not be read or written is replaced, and the `_checked` forms say so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

SPECIFIC_CHARACTER_SET = 0x00080005
TEXT_VRS = frozenset({"SH", "LO", "ST", "LT", "UC", "UT", "PN"})  # PS3.5 6.1.2.2

_MULTI_BYTE_0208 = "jis x 0208"  # ISO-IR 87, in G0; decoded by way of EUC-JP
_MULTI_BYTE_0212 = "jis x 0212"  # ISO-IR 159, likewise
_KATAKANA = "jis x 0201"  # ISO-IR 13, in G1
_ROMAJI = "ascii"  # ISO-IR 14: yen and overline are read as backslash and tilde

# ISO-IR number: Python codec of the set in G1 (None: it goes to G0)
_SINGLE_BYTE = {
    100: "latin_1",
    101: "iso8859_2",
    109: "iso8859_3",
    110: "iso8859_4",
    144: "iso8859_5",
    127: "iso8859_6",
    126: "iso8859_7",
    138: "iso8859_8",
    148: "iso8859_9",
    203: "iso8859_15",
    166: "iso8859_11",
    13: _KATAKANA,
    149: "euc_kr",
    58: "gb2312",
}
_WITHOUT_EXTENSION = {"ISO_IR 192": "utf_8", "GB18030": "gb18030", "GBK": "gbk"}

# What an escape sequence, less ESC, puts where (PS3.3 tables C.12-3 and C.12-4).
_G0 = {b"(B": "ascii", b"(J": _ROMAJI, b"$B": _MULTI_BYTE_0208, b"$(D": _MULTI_BYTE_0212}
_G0[b"$@"] = _MULTI_BYTE_0208  # the 1978 edition, still sent by old Japanese devices
_G1 = {
    b"-A": "latin_1",
    b"-B": "iso8859_2",
    b"-C": "iso8859_3",
    b"-D": "iso8859_4",
    b"-L": "iso8859_5",
    b"-G": "iso8859_6",
    b"-F": "iso8859_7",
    b"-H": "iso8859_8",
    b"-M": "iso8859_9",
    b"-b": "iso8859_15",
    b"-T": "iso8859_11",
    b")I": _KATAKANA,
    b"$)C": "euc_kr",
    b"$)A": "gb2312",
}
_ESCAPE_OF = {codec: b"\x1b" + code for code, codec in reversed([*_G0.items(), *_G1.items()])}
_ESCAPE = re.compile(rb"\x1b(\$[()]?[@-~]|[(\-)][@-~])")
_STOP_ONE = re.compile(rb"[\x1b\\\t\n\f\r]")  # the sets fall back at each (PS3.5 6.1.2.5.3)
_STOP_ONE_NAME = re.compile(rb"[\x1b\\\t\n\f\r^=]")
_STOP_TWO = re.compile(rb"[\x00-\x20]")  # inside a two-byte G0 set a backslash may be half a sign
_RUNS = re.compile(rb"[\x00-\x7f]+|[\x80-\xff]+")  # what is in G0, what is in G1


def _term(text: str) -> str | int | None:
    """Read one value of (0008,0005) leniently: a term, an ISO-IR number, None when unknown."""
    name = text.strip(" \0").upper().replace("-", "_")
    if name in {"", "ISO_IR 6", "ISO 2022 IR 6", "ISO_IR_6", "ASCII"}:
        return 6
    if name in {"UTF8", "UTF_8", "ISO_IR_192", "ISO IR 192", "ISO 2022 IR 192"}:
        return "ISO_IR 192"
    if name in _WITHOUT_EXTENSION:
        return name
    match = re.fullmatch(r"ISO(?: 2022|_2022)?[ _]?(?:IR)?[ _]?(\d+)", name)
    number = int(match[1]) if match else 0
    return number if number in _SINGLE_BYTE or number in {87, 159} else None


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """The repertoire of one data set, as (0008,0005) declares it.

    `terms` are its values; `whole` names the codec of a set without code extensions.
    """

    terms: tuple[str, ...]
    whole: str | None
    g0: str
    g1: str | None
    declared: tuple[str, ...]  # codecs that may be designated, first one first

    def decode(self, raw: bytes, *, name: bool = False) -> str:
        """Text of a value; `name` when it is a person name (PN)."""
        return self.decode_checked(raw, name=name)[0]

    def decode_checked(self, raw: bytes, *, name: bool = False) -> tuple[str, bool]:
        """Text of a value, and whether every byte of it was right."""
        if self.whole is not None:
            return _decode(raw, self.whole)
        if b"\x1b" not in raw:
            return self._one_byte(raw, self.g1)
        return self._extended(raw, _STOP_ONE_NAME if name else _STOP_ONE)

    def _extended(self, raw: bytes, stop_one: re.Pattern[bytes]) -> tuple[str, bool]:
        pieces: list[str] = []
        right = True
        g0, g1 = self.g0, self.g1
        position = 0
        while position < len(raw):
            double = g0 in {_MULTI_BYTE_0208, _MULTI_BYTE_0212}
            stop = (_STOP_TWO if double else stop_one).search(raw, position)
            chunk = raw[position : stop.start() if stop else len(raw)]
            for run in _RUNS.findall(chunk) if double else [chunk]:
                left = double and run.isascii()
                text, good = _double(run, g0) if left else self._one_byte(run, g1)
                pieces.append(text)
                right = right and good
            if stop is None:
                break
            escape = _ESCAPE.match(raw, stop.start())
            if escape is not None and escape[1] in _G0:
                g0 = _G0[escape[1]]
            elif escape is not None and escape[1] in _G1:
                g1 = _G1[escape[1]]
            elif stop[0] == b"\x1b":
                right = False
                pieces.append("\N{REPLACEMENT CHARACTER}")
            else:
                pieces.append(stop[0].decode("ascii"))
                if not double or stop[0] != b" ":
                    g0, g1 = self.g0, self.g1
            position = escape.end() if escape is not None else stop.end()
        return "".join(pieces), right

    def _one_byte(self, raw: bytes, g1: str | None) -> tuple[str, bool]:
        if raw.isascii():
            return raw.decode("ascii"), True
        if g1 is not None:
            return _decode(raw, g1)
        # Bytes above 7F without a set for them. Devices forget to escape after each delimiter,
        # or to declare a set at all: then the bytes are UTF-8 or, else, most likely Latin-1.
        for codec in (*(c for c in self.declared if c not in _G0.values()), "utf_8"):
            text, right = _decode(raw, codec)
            if right:
                return text, False
        return raw.decode("latin_1"), False

    def encode(self, text: str, *, name: bool = False) -> bytes:
        """Bytes of `text`, a question mark for what the repertoire lacks."""
        return self.encode_checked(text, name=name)[0]

    def encode_checked(self, text: str, *, name: bool = False) -> tuple[bytes, bool]:
        """Bytes of `text`, and whether the repertoire had every sign of it."""
        if text.isascii():
            return text.encode("ascii").replace(b"\x1b", b"?"), "\x1b" not in text
        if self.whole is not None:
            try:
                return text.encode(self.whole), True
            except UnicodeEncodeError:
                return text.encode(self.whole, "replace"), False
        return self._encode_extended(text, "\\\t\n\f\r" + ("^=" if name else ""))

    def _encode_extended(self, text: str, delimiters: str) -> tuple[bytes, bool]:
        out = bytearray()
        right = True
        g0, g1 = self.g0, self.g1
        for sign in text:
            if sign.isascii() or sign in delimiters:
                if g0 != self.g0:
                    out += _ESCAPE_OF["ascii"]
                    g0 = self.g0
                right = right and sign != "\x1b"
                out += b"?" if sign == "\x1b" else sign.encode("ascii")
                if sign in delimiters:
                    g1 = self.g1
                continue
            for codec in dict.fromkeys((g0, g1, *self.declared)):
                code = _encode(sign, codec)
                if code is None or codec is None:
                    continue
                if codec not in {g0, g1}:
                    out += _ESCAPE_OF[codec]
                if codec in _G0.values():
                    g0 = codec
                else:
                    g1 = codec
                out += code
                break
            else:
                right = False
                out += b"?" if g0 == self.g0 else b""
        if g0 != self.g0:
            out += _ESCAPE_OF["ascii"]
        return bytes(out), right

    def can_encode(self, text: str) -> bool:
        """Whether the repertoire has every sign of `text`."""
        return self.encode_checked(text)[1]

    def __str__(self) -> str:
        """Write the value of (0008,0005)."""
        return "\\".join(self.terms)


def _decode(raw: bytes, codec: str) -> tuple[str, bool]:
    source = "shift_jis" if codec == _KATAKANA else codec
    try:
        return raw.decode(source), True
    except UnicodeDecodeError:
        return raw.decode(source, "replace"), False


def _double(raw: bytes, codec: str) -> tuple[str, bool]:
    """Read a run of 94 x 94 signs in G0 by way of EUC-JP."""
    mark = b"\x8f" if codec == _MULTI_BYTE_0212 else b""
    if len(raw) % 2 == 0:
        pairs = (raw[i : i + 2] for i in range(0, len(raw), 2))
        euc = b"".join(mark + bytes((a | 0x80, b | 0x80)) for a, b in pairs)
        return _decode(euc, "euc_jp")
    return "\N{REPLACEMENT CHARACTER}" * (len(raw) // 2 or 1), False


def _encode(sign: str, codec: str | None) -> bytes | None:
    """Code of one sign in a designated set, or None."""
    if codec is None:
        return None
    try:
        if codec not in {_MULTI_BYTE_0208, _MULTI_BYTE_0212}:
            code = sign.encode("shift_jis" if codec == _KATAKANA else codec)
            return None if codec == _KATAKANA and len(code) != 1 else code
        code = sign.encode("euc_jp")
    except UnicodeEncodeError:
        return None
    if codec == _MULTI_BYTE_0212:
        return bytes(b & 0x7F for b in code[1:]) if len(code) == 3 else None  # noqa: PLR2004 (SS3 and a pair)
    usable = len(code) == 2 and code[0] != 0x8E  # noqa: PLR2004 (a pair; SS2 is half-width katakana)
    return bytes(b & 0x7F for b in code) if usable else None


@lru_cache(maxsize=256)
def character_set(value: str) -> CharacterSet:
    """Read (0008,0005), values joined by backslash; what is unknown counts as the default set."""
    terms = [_term(text) for text in value.split("\\")]
    first = terms[0]
    if isinstance(first, str):  # PS3.3 C.12.1.1.2: such a set stands alone
        return CharacterSet((first,), _WITHOUT_EXTENSION[first], "ascii", None, ())
    codecs: list[str] = []
    for term in terms:
        if term in _SINGLE_BYTE:
            codecs.append(_SINGLE_BYTE[int(term)])
        elif term in {87, 159}:
            codecs.append(_MULTI_BYTE_0208 if term == 87 else _MULTI_BYTE_0212)  # noqa: PLR2004 (ISO-IR 87)
    g1 = _SINGLE_BYTE.get(first) if first is not None else None
    shown = tuple(text.strip(" \0") for text in value.split("\\"))
    return CharacterSet(shown, None, "ascii", g1, tuple(codecs))


DEFAULT = character_set("")
UTF_8 = character_set("ISO_IR 192")
LATIN_1 = character_set("ISO_IR 100")


def suiting(texts: Iterable[str], preferred: CharacterSet | None = None) -> CharacterSet:
    """Choose the set to write `texts` in: `preferred` if it has every sign, else the plainest.

    Plainest means understood by the oldest devices: ASCII, then Latin-1, then UTF-8.
    """
    told = [text for text in texts if not text.isascii()]
    if preferred is not None and all(map(preferred.can_encode, told)):
        return preferred
    if not told:
        return DEFAULT
    return LATIN_1 if all(map(LATIN_1.can_encode, told)) else UTF_8
