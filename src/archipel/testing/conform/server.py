"""The server that is looked at: requests go out, answers come back, all of it is evidence."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Self
from urllib.parse import quote, urljoin

import httpx

from archipel.kernel.errors import Conflict

DICOM, JSON, XML = "application/dicom", "application/dicom+json", "application/dicom+xml"
OCTETS = "application/octet-stream"
TIMEOUT_S = 60.0
MOST_SAID = 240  # characters of a target in the evidence
_PLAIN = "*?/:,;!$()"
"""What may stand in a query as it is (RFC 3986 section 3.4): a server is sent no more encoding
than it must bear, so that one that does not decode fails where that is looked at, not everywhere.
"""
_LONG_UID = re.compile(r"(2\.25\.[0-9]{4})[0-9]+")

Parameters = Sequence[tuple[str, str]] | Mapping[str, str]


def related(part: str, transfer_syntax: str = "") -> str:
    """Write the multipart/related media range of one kind of part."""
    syntax = f"; transfer-syntax={transfer_syntax}" if transfer_syntax else ""
    return f'multipart/related; type="{part}"{syntax}'


class Unwanted(Conflict):
    """An answer of another status than was wanted."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Unreadable(Conflict):
    """A body that is not what its media type says."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body."""

    headers: Mapping[str, str]  # names in lower case
    content: bytes

    @property
    def kind(self) -> str:
        """Its media type, without parameters."""
        return media_type(self.headers.get("content-type", ""))[0]

    @property
    def transfer_syntax(self) -> str:
        """The transfer syntax its Content-Type tells; empty: none."""
        return media_type(self.headers.get("content-type", ""))[1].get("transfer-syntax", "")


def media_type(text: str) -> tuple[str, dict[str, str]]:
    """Read a Content-Type: the type in lower case, and its parameters."""
    message = Message()
    message["Content-Type"] = text or "x/x"
    given = message.get_params() or []
    parameters = {name.lower(): value for name, value in given[1:]}
    return ("" if not text else given[0][0].lower()), parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server answered."""

    said: str  # the request and the status, for the evidence
    url: str
    status: int
    headers: httpx.Headers
    body: bytes

    def wanted(self, *statuses: int) -> Self:
        """Hold the status to be one of these. Raises `Unwanted`."""
        if self.status not in (statuses or (200,)):
            listed = " or ".join(map(str, statuses or (200,)))
            raise Unwanted(self.status, f"{listed} was expected")
        return self

    @property
    def kind(self) -> str:
        """Its media type, without parameters."""
        return media_type(self.headers.get("content-type", ""))[0]

    def of(self, *kinds: str) -> Self:
        """Hold the media type to be one of these. Raises `Unreadable`."""
        if self.kind not in kinds:
            raise Unreadable(f"the answer is of {self.kind or 'no media type'}, not {kinds[0]}")
        return self

    def json(self) -> Any:
        """Read the body. Raises `Unreadable`."""
        try:
            return json.loads(self.body)
        except ValueError as wrong:
            raise Unreadable("the body is not JSON") from wrong

    def datasets(self) -> list[dict[str, Any]]:
        """Read a JSON array of data sets; an empty list where there is no content."""
        if self.status == httpx.codes.NO_CONTENT:
            return []
        found = self.json()
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise Unreadable("the body is not an array of data sets (PS3.18 F.2)")
        return found

    def parts(self) -> list[Part]:
        """Take a multipart/related body apart. Raises `Unreadable`."""
        kind, parameters = media_type(self.headers.get("content-type", ""))
        boundary = parameters.get("boundary", "")
        if kind != "multipart/related" or not boundary:
            raise Unreadable(f"the answer is of {kind or 'no media type'}, not multipart/related")
        pieces = (b"\r\n" + self.body).split(b"\r\n--" + boundary.encode())
        if not pieces[-1].startswith(b"--"):
            raise Unreadable("the body lacks its closing boundary (RFC 2046 5.1.1)")
        return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, gap, content = piece.partition(b"\r\n\r\n")
    if not gap:
        raise Unreadable("a part has no empty line behind its headers")
    lines = [line for line in head.decode("latin-1").split("\r\n") if line.strip()]
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Part(headers, content)


@dataclass(slots=True)
class Server:
    """A DICOMweb server at `base`, without a slash at the end; `uri_service` is its WADO-URI."""

    base: str
    uri_service: str
    http: httpx.Client
    log: list[str] = field(default_factory=list)

    def ask(
        self,
        method: str,
        path: str,
        *,
        parameters: Parameters = (),
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Send a request; `path` is below the base, or a whole address.

        Raises `Unwanted` where no answer comes.
        """
        url = path if "://" in path else self.base + path
        pairs = parameters.items() if isinstance(parameters, Mapping) else parameters
        query = "&".join(f"{quote(k, safe=_PLAIN)}={quote(v, safe=_PLAIN)}" for k, v in pairs)
        target = f"{url}?{query}" if query else url
        shown = _LONG_UID.sub(r"\1…", target.removeprefix(self.base))[:MOST_SAID]
        try:
            given = self.http.request(
                method, target, headers=dict(headers or {}), content=content, timeout=TIMEOUT_S
            )
        except httpx.HTTPError as failure:
            self.log.append(f"{method} {shown}: no answer ({type(failure).__name__})")
            raise Unwanted(0, "no answer came") from failure
        kind = given.headers.get("content-type", "no content type").partition(";")[0]
        said = f"{method} {shown}: {given.status_code}, {kind}, {len(given.content)} bytes"
        self.log.append(said)
        return Answer(
            said=said,
            url=target,
            status=given.status_code,
            headers=given.headers,
            body=given.content,
        )

    def get(
        self,
        path: str,
        parameters: Parameters = (),
        *,
        accept: str | None = None,
        **headers: str,
    ) -> Answer:
        """Get a resource; other headers are named with underscores."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if accept is not None:
            given["Accept"] = accept
        return self.ask("GET", path, parameters=parameters, headers=given)

    def search(self, path: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Search; nothing found is an empty list however it is said. Raises `Unwanted`."""
        return self.get(path, parameters, accept=JSON).wanted(200, 204).datasets()

    def at(self, reference: str, answer: Answer) -> str:
        """Resolve a reference that an answer holds (RFC 3986 section 5)."""
        return urljoin(answer.url, reference)
