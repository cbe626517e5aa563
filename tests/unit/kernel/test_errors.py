"""The six kinds of failure (archipel.kernel.errors)."""

from archipel.kernel.errors import ArchipelError


def test_there_are_six_kinds() -> None:
    assert {kind.__name__ for kind in ArchipelError.__subclasses__()} == {
        "Malformed",
        "Refused",
        "NotFound",
        "Conflict",
        "Exhausted",
        "Unavailable",
    }
