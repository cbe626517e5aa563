"""What a client accepts: media ranges with their parameters (RFC 9110 12.5, PS3.18 8.7)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from archipel.kernel.errors import Malformed

MAX_LENGTH = 4096  # characters of one header
ANY = "*/*"

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_MEDIA = re.compile(rf"\s*({_WORD}/{_WORD}|\*)\s*")
# Clients in the field write `type=application/dicom` without quotes: a slash is let pass.
_PARAMETER = re.compile(
    rf';\s*({_WORD})\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]+)\s*',
)
_EMPTY_PARAMETER = re.compile(r";\s*(?=[;,]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaType:
    """One media type or range: lower-case name, lower-case parameter names, quality 0 to 1."""

    name: str
    parameters: Mapping[str, str]
    quality: float = 1.0

    def includes(self, name: str) -> bool:
        """Tell whether the media type `name` is within this range."""
        if self.name in {ANY, name}:
            return True
        family, _, kind = self.name.partition("/")
        return kind == "*" and name.startswith(family + "/")

    @property
    def part(self) -> "MediaType":
        """The media type of the parts of a multipart/related (RFC 2387 `type`)."""
        rest = {k: v for k, v in self.parameters.items() if k not in {"type", "boundary"}}
        return MediaType(
            name=self.parameters.get("type", ANY).lower(), parameters=rest, quality=self.quality
        )

    @property
    def transfer_syntax(self) -> str | None:
        """The transfer syntax asked for: a UID, `*` as stored, None unsaid (PS3.18 8.7.3.5)."""
        return self.parameters.get("transfer-syntax")


@lru_cache(maxsize=256)  # a viewer sends the same few thousands of times
def parse_media_types(text: str) -> tuple[MediaType, ...]:
    """Read a list of media ranges, the best liked first. Raises `Malformed`."""
    if len(text) > MAX_LENGTH:
        raise Malformed(f"a list of media types is longer than {MAX_LENGTH} characters")
    found: list[MediaType] = []
    position = 0
    while position < len(text):
        media, position = _one(text, position)
        found.append(media)
        if position < len(text):
            if text[position] != ",":
                raise Malformed(f"not a list of media types at character {position}")
            position += 1
    return tuple(sorted((m for m in found if m.quality > 0), key=lambda m: -m.quality))


def parse_media_type(text: str) -> MediaType:
    """Read one media type, as Content-Type holds. Raises `Malformed`."""
    found = parse_media_types(text)
    if len(found) != 1:
        raise Malformed("one media type is expected")
    return found[0]


def _one(text: str, position: int) -> tuple[MediaType, int]:
    match = _MEDIA.match(text, position)
    if match is None:
        raise Malformed(f"not a media type at character {position}")
    name = ANY if match[1] == "*" else match[1].lower()
    position = match.end()
    parameters: dict[str, str] = {}
    while position < len(text) and text[position] == ";":
        empty = _EMPTY_PARAMETER.match(text, position)
        match = _PARAMETER.match(text, position)
        if empty is not None:
            position = empty.end()
        elif match is not None:
            parameters.setdefault(match[1].lower(), _unquoted(match[2]))
            position = match.end()
        else:
            raise Malformed(f"not a media type parameter at character {position}")
    return MediaType(name=name, parameters=parameters, quality=_quality(parameters)), position


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _quality(parameters: dict[str, str]) -> float:
    text = parameters.pop("q", "1")
    if not re.fullmatch(r"[01](?:\.[0-9]{0,6})?", text):
        raise Malformed("a quality is a number from 0 to 1")
    return min(float(text), 1.0)
