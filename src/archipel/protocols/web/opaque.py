"""Names in paths that stand for several values, such as a device's organisation and AE title."""

import base64
import binascii

from archipel.kernel.errors import NotFound

_BETWEEN = "\n"


def seal(*parts: str) -> str:
    """Write `parts` as one path segment."""
    return base64.urlsafe_b64encode(_BETWEEN.join(parts).encode()).decode().rstrip("=")


def opened(name: str, *, parts: int) -> list[str]:
    """Read `parts` values back. Raises `NotFound`: a name nobody gave out names nothing."""
    try:
        text = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    except (ValueError, binascii.Error):
        raise NotFound("there is nothing of this name") from None
    found = text.split(_BETWEEN)
    if len(found) != parts:
        raise NotFound("there is nothing of this name")
    return found
