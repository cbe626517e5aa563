"""What the portal needs, handed in by the wiring; it reaches for nothing itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, cast

from fastapi import Depends, Request

from archipel.kernel.clock import Clock
from archipel.results.enter import Door
from archipel.results.images import Readings
from archipel.results.portal import Portal
from archipel.results.ports import Gallery


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalServices:
    """The ports of the portal.

    `proxies` are the networks whose X-Forwarded-For is believed. The door is opened on first
    use: its key is made then.
    """

    community: str
    demo: bool
    time_zone: str
    clock: Clock
    door: Callable[[], Door]
    portal: Portal
    gallery: Gallery
    secure: bool
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    readings: Readings = field(default_factory=Readings)


def given(request: Request) -> PortalServices:
    """Return the services that `portal_router` was built with."""
    return cast("PortalServices", request.state.portal)


Services = Annotated[PortalServices, Depends(given)]
