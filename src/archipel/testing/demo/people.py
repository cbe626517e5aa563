"""People of the demonstration at their screens: the same requests that a browser sends."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Self

import httpx

from archipel.kernel.errors import Refused, Unavailable

ANSWER_S = 60.0  # signing lays a report out


class AtScreen:
    """One person, signed in. A context manager."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=ANSWER_S, trust_env=False)
        self._said = {"login": login, "password": password}

    def __enter__(self) -> Self:
        session = self.ask("POST", "/api/session", self._said)
        self._http.headers["X-CSRF-Token"] = session["csrf_token"]
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request; returns what is answered. Raises `Unavailable`, `Refused`."""
        try:
            answer = self._http.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as failure:
            raise Unavailable(f"{path}: {str(failure) or type(failure).__name__}") from failure
        if answer.is_server_error:
            raise Unavailable(f"{path}: {answer.status_code}")
        if answer.is_error:
            raise Refused(f"{path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None

    def await_(
        self, path: str, truth: Callable[[Any], Any], *, within_s: float, every_s: float = 0.5
    ) -> Any:
        """Ask until `truth` gives something; returns that. Raises `Unavailable`."""
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s:
            with suppress(Refused):  # it is not known here yet
                if found := truth(self.ask("GET", path)):
                    return found
            time.sleep(every_s)
        raise Unavailable(f"{path} did not say it within {within_s:.0f} s")
