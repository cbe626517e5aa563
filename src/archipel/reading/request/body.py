"""A request and what follows it as bodies of facts: public JSON, bounded and checked when read.

Whatever another node wrote is untrusted: a body that is not what its kind demands raises
`Malformed` and counts for nothing.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from msgspec import ValidationError, convert, to_builtins

from archipel.kernel.errors import Malformed
from archipel.reading.request.model import Request, RequestId

_T = TypeVar("_T")
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_DIGITS, _RANDOM_DIGITS = 10, 16


def new_request_id(home: str, *, now: datetime) -> RequestId:
    """Make a name nobody has: a ULID (48 bits of time, 80 random), in lower case."""
    number = (int(now.timestamp() * 1000) << 80) | secrets.randbits(80)
    digits = _TIME_DIGITS + _RANDOM_DIGITS
    text = "".join(_CROCKFORD[(number >> 5 * i) & 31] for i in reversed(range(digits)))
    return RequestId(f"{home}~{text}")


def subject_of(request: RequestId) -> str:
    """Name the subject under which every fact about a request is folded."""
    home, _, number = request.value.partition("~")
    return f"request:{home}:{number}"


def request_of(subject: str) -> RequestId:
    """Read a subject. Raises `Malformed`."""
    kind, _, rest = subject.partition(":")
    if kind != "request":
        raise Malformed(f"not the subject of a request: {subject[:80]!r}")
    return RequestId(rest.replace(":", "~", 1))


def written(value: Any) -> dict[str, Any]:
    """Write a frozen value of the model as plain JSON."""
    body: dict[str, Any] = to_builtins(value, str_keys=True)
    return body


def read(body: Mapping[str, Any], kind: type[_T]) -> _T:
    """Read a frozen value of the model. Raises `Malformed`."""
    try:
        return convert(dict(body), kind, str_keys=True)
    except ValidationError as unreadable:
        raise Malformed(f"not a {kind.__name__}: {unreadable}") from None


def placed(request: Request) -> dict[str, Any]:
    """Return the body of ``request.placed``."""
    return {"request": written(request)}
