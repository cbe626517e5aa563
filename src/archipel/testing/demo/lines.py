"""The simulated lines: for each pair of isles one in each direction, cut and healed together."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import permutations
from typing import Self

from archipel.kernel.errors import NotFound
from archipel.testing.demo.cast import line
from archipel.testing.link import Link


class Lines:
    """Carries what one isle says to another. A context manager; `doors` are host:port."""

    def __init__(self, doors: Mapping[str, str]) -> None:
        self._links: dict[tuple[str, str], Link] = {}
        for caller, called in permutations(doors, 2):
            rate_bps, rtt_s = line(caller, called)
            self._links[caller, called] = Link(
                "127.0.0.1:0", doors[called], rate_bps=rate_bps, rtt_s=rtt_s
            )
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for one in self._links.values():
                stack.enter_context(one)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def address(self, caller: str, called: str) -> str:
        """Return where `caller` reaches `called`."""
        return self._links[caller, called].address

    def ways(self, caller: str) -> str:
        """Return the setting `peer.via` of one isle."""
        return " ".join(
            f"{called}={one.address}" for (c, called), one in self._links.items() if c == caller
        )

    def turn(self, a: str, b: str, *, cut: bool, drop: bool = False) -> None:
        """Cut or heal a line. Raises `NotFound`."""
        for ends in ((a, b), (b, a)):
            if ends not in self._links:
                raise NotFound(f"no line between {a} and {b}")
            link = self._links[ends]
            link.cut(drop=drop) if cut else link.heal()

    def pace(self, a: str, b: str, *, rate_bps: float | None = None) -> None:
        """Have a line carry so much from now on; None: as usual. Raises `NotFound`."""
        for ends in ((a, b), (b, a)):
            if ends not in self._links:
                raise NotFound(f"no line between {a} and {b}")
            self._links[ends].rate_bps = rate_bps or line(*ends)[0]

    def states(self) -> Sequence[tuple[str, str, bool]]:
        """Return each line once, and whether it is cut."""
        return [(a, b, one.is_cut) for (a, b), one in self._links.items() if a < b]

    def carried_bytes(self, a: str, b: str) -> int:
        """Return what a line carried, both ways."""
        return sum(self._links[a, b].carried_bytes) + sum(self._links[b, a].carried_bytes)
