"""The simulated lines of a demonstration, which its own process carries: look, cut, heal.

There is no such thing in production: `node.switchboard` is refused unless the node says that it
is a demonstration, and beyond this machine.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archipel.kernel.errors import NotFound, Unavailable

TIMEOUT_S = 3.0
HEADER = "X-Archipel-Switchboard"
"""A header that no other site's page may send without being asked (CORS)."""


@dataclass(frozen=True, slots=True)
class Switchboard:
    """`protocols.web.services.Switchboard`."""

    address: str  # host:port

    def lines(self) -> Mapping[frozenset[str], bool]:
        """Return each line by the names of its ends, and whether it is cut.

        Raises `Unavailable`.
        """
        said = self._asked("GET", "/lines")
        try:
            return {frozenset(one["ends"]): bool(one["cut"]) for one in said["lines"]}
        except (KeyError, TypeError) as strange:
            raise Unavailable("the demonstration's lines answer in another way") from strange

    def turn(self, a: str, b: str, *, cut: bool) -> None:
        """Cut or heal a line. Raises `NotFound`, `Unavailable`."""
        self._asked("POST", "/lines", {"ends": [a, b], "cut": cut})

    def _asked(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"http://{self.address}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={HEADER: "1", "Content-Type": "application/json"},
        )
        try:
            # http is written above, and settings take none but an address of loopback
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  (so)
                return json.loads(answer.read(1 << 20))
        except urllib.error.HTTPError as refused:
            raise NotFound("the demonstration has no such line") from refused
        except (OSError, ValueError) as failure:
            raise Unavailable(f"the demonstration's lines do not answer: {failure}") from failure
