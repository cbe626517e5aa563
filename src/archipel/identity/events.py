"""Facts identity announces."""

from dataclasses import dataclass

from archipel.kernel.events import Event
from archipel.kernel.uid import Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityDoubted(Event):
    """One identifier came with traits that do not fit together: the identity desk must look."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChanged(Event):
    """A study is another person's since two sources were linked, or a link taken back."""

    study: Uid
