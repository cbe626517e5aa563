"""What a check is, what came of it, and how checks are written down.

A check is a small function of a `Trial`. It returns when the server did as the standard says and
raises `Failed` when it did not; `Unwanted` says with which status a server turned a request down,
so that an optional feature that is cleanly refused counts as not offered and not as failed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from archipel.kernel.errors import Conflict, NotFound, Unavailable
from archipel.testing.conform.phantoms import Sent
from archipel.testing.conform.server import Server


class Verdict(Enum):
    """What came of a check."""

    PASS = "pass"  # noqa: S105  (a verdict, not a secret)
    FAIL = "fail"
    NOT_OFFERED = "not offered"


class Failed(Conflict):
    """The server did other than the standard says."""


class NotOffered(NotFound):
    """The server leaves out, as it may, what was asked for."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The server that is looked at and what it was sent."""

    server: Server
    sent: Sent


Run = Callable[[Trial], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One expectation of PS3.18. `required`: the standard leaves a server no choice."""

    name: str
    section: str
    expects: str
    required: bool
    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A check and what came of it; the evidence holds what was asked and answered."""

    check: Check
    verdict: Verdict
    evidence: str


@dataclass(frozen=True, slots=True)
class Group:
    """Checks of one service; each is named `code.function-name`."""

    code: str
    title: str
    checks: list[Check] = field(default_factory=list)

    def must(self, section: str, expects: str) -> Callable[[Run], Run]:
        """Write down a check of something the standard demands."""
        return self._writer(section, expects, required=True)

    def may(self, section: str, expects: str) -> Callable[[Run], Run]:
        """Write down a check of something a server may leave out, by refusing it cleanly."""
        return self._writer(section, expects, required=False)

    def add(
        self, name: str, section: str, expects: str, run: Run, *, required: bool = True
    ) -> None:
        """Write down a check that a table makes."""
        check = Check(
            name=f"{self.code}.{name}",
            section=section,
            expects=expects,
            required=required,
            run=run,
        )
        self.checks.append(check)

    def _writer(self, section: str, expects: str, *, required: bool) -> Callable[[Run], Run]:
        def keep(run: Run) -> Run:
            name = run.__name__.replace("_", "-")
            self.add(name, section, expects, run, required=required)
            return run

        return keep


def claim(truth: object, otherwise: str) -> None:
    """Hold something to be so. Raises `Failed`, which says `otherwise`."""
    if not truth:
        raise Failed(otherwise)


class Unreachable(Unavailable):
    """There is no server, or it does not take what the checks are made with."""
