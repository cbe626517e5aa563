"""Post one delivery: to an address that may be called, under a time limit, following nobody."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address

import httpx

from archipel.kernel.errors import Refused
from archipel.protocols.webhook.addresses import Address, Network, Resolve, allowed, resolved
from archipel.results.hooks.ports import Answer

TIMEOUT_S = 10.0
_READ_BYTES = 4096  # of an answer: only its status counts
_AGENT = "Archipel-Webhook/1"


@dataclass(frozen=True, slots=True)
class HttpCourier:
    """`archipel.results.hooks.ports.Courier`.

    Redirects are not followed, proxies of the environment not used. `authority` is a PEM file of
    a further authority; the certificate is held against the name, whichever address is called.
    """

    private: tuple[Network, ...] = ()
    authority: str = ""
    timeout_s: float = TIMEOUT_S
    resolve: Resolve = field(default=resolved)

    def bring(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """See the port."""
        trust = _trust(self.authority)
        began = time.perf_counter()
        try:
            status = self._posted(httpx.URL(url), body, headers, trust)
        except Refused as refusal:
            return Answer(status=0, duration_ms=_since(began), reason=str(refusal))
        except (httpx.TimeoutException, TimeoutError):
            reason = f"no whole answer within {self.timeout_s:g} s"
            return Answer(status=0, duration_ms=_since(began), reason=reason)
        except (httpx.HTTPError, OSError, ssl.SSLError, ValueError) as failure:
            return Answer(status=0, duration_ms=_since(began), reason=_plainly(failure))
        taken = httpx.codes.is_success(status)
        reason = "" if taken else f"the receiver answered {status}"
        return Answer(status=status, duration_ms=_since(began), reason=reason)

    def _posted(
        self, url: httpx.URL, body: bytes, headers: Mapping[str, str], trust: ssl.SSLContext
    ) -> int:
        port = url.port or (443 if url.scheme == "https" else 80)
        address = allowed(url.host, port, private=self.private, resolve=self.resolve)
        if url.scheme != "https" and not address.is_loopback:
            raise Refused("a receiver is reached by https; by http only on this machine")
        said = {**headers, "Host": url.netloc.decode(), "User-Agent": _AGENT}
        client = httpx.Client(
            verify=trust,
            trust_env=False,
            follow_redirects=False,
            timeout=self.timeout_s,
        )
        with (
            client,
            client.stream(
                "POST",
                _pinned(url, address),
                content=body,
                headers=said,
                extensions={"sni_hostname": url.host},
            ) as answer,
        ):
            read, ends = 0, time.perf_counter() + self.timeout_s
            for piece in answer.iter_raw():
                read += len(piece)
                if time.perf_counter() > ends:
                    raise TimeoutError
                if read > _READ_BYTES:
                    break
            return answer.status_code


@lru_cache(maxsize=4)
def _trust(authority: str) -> ssl.SSLContext:
    """Read whom to trust, once: it is many times the work of a delivery."""
    context = ssl.create_default_context()
    if authority:
        context.load_verify_locations(authority)
    return context


def _pinned(url: httpx.URL, address: Address) -> httpx.URL:
    host = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    return url.copy_with(host=host)


def _plainly(failure: Exception) -> str:
    """Say in a word what went wrong, without what the receiver wrote."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate does not hold: {cause.verify_message}"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(failure).__name__


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
