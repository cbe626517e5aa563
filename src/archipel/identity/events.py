"""Facts identity announces."""

from dataclasses import dataclass

from archipel.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityDoubted(Event):
    """One identifier came with traits that do not fit together: the identity desk must look."""

    person: str
