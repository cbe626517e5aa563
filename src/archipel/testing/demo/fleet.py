"""The isles of the demonstration as running nodes: laid out, started, joined, agreed."""

import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Self

from archipel.access import enrol
from archipel.access.model import Device, Person, Service
from archipel.app import archipelago
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.exchange.model import Capability, NodeName, Purpose
from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import TenantId
from archipel.protocols.dimse.user import Peer
from archipel.reading.request.model import Agreement, Level, Site
from archipel.results.model import Correspondent, MailAddress
from archipel.stores.sql.requests import SqlReadingAgreements
from archipel.stores.sql.results.correspondents import SqlCorrespondents
from archipel.testing.archipelago.joined import until
from archipel.testing.demo.cast import (
    GUYANE,
    ISLES,
    METROPOLE,
    MODALITIES,
    REFERRER,
    REFERRER_MAIL,
    Isle,
    Seat,
)
from archipel.testing.demo.lines import Lines
from archipel.testing.peers.free_ports import free_port
from archipel.testing.running_node import RunningNode

SHARED = frozenset(Capability) - {Capability.FEED}
CARE = frozenset({Purpose.TREATMENT, Purpose.EMERGENCY})
BY = "demo"
FIRST_HTTP, FIRST_DICOM = 8042, 11112
OUT_MBIT = {GUYANE.name: "5"}
USUAL_MBIT = "20"
PEERS_S = 240.0  # a busy machine takes long to tell everybody of everybody


@dataclass
class Afloat:
    """One isle: its node's processes, its home, and the passwords of its people."""

    isle: Isle
    home: Home
    running: RunningNode
    passwords: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Return where its pages are."""
        return self.running.http

    @contextmanager
    def open(self) -> Iterator[Node]:
        """Open its ports in this process."""
        with Node.open(self.home) as node:
            yield node

    def scanner(self, organisation: int = 0) -> Peer:
        """Return its DICOM door as a modality of one organisation calls it."""
        return Peer(
            host=self.running.dicom_host,
            port=self.running.dicom_port,
            called=enrol.default_title(self.isle.tenant(organisation)),
            calling=AETitle(MODALITIES[0]),
        )


class Fleet:
    """All of them and the lines between. A context manager: leaves no process behind."""

    def __init__(
        self,
        root: Path,
        *,
        isles: Sequence[Isle] = ISLES,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        doors = {isle.name: f"127.0.0.1:{free_port()}" for isle in isles}
        self.lines = Lines(doors)
        self._settings, self._doors = dict(settings or {}), doors
        self.afloat: dict[str, Afloat] = {}
        self._root, self._isles = root, isles

    def __enter__(self) -> Self:
        self.lines.__enter__()
        try:
            for isle in self._isles:
                self.afloat[isle.name] = self._lay_out(isle)
            for afloat in self.afloat.values():  # two at once take longer on two cores
                afloat.running.start()
            self._join()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with ThreadPoolExecutor(max(1, len(self.afloat))) as pool:
            for ended in [pool.submit(one.running.stop) for one in self.afloat.values()]:
                ended.exception()  # one that hangs was killed: the others still end
        self.lines.__exit__()

    def __getitem__(self, name: str) -> Afloat:
        """Return one isle by its short name."""
        return self.afloat[name]

    def tell(self, settings: Mapping[str, str]) -> None:
        """Tell every node something before it starts."""
        self._settings |= settings

    def _lay_out(self, isle: Isle) -> Afloat:
        home = Home(self._root / isle.name)
        create_node(home, name=isle.organisations[0], community=isle.name)
        mbit, place = OUT_MBIT.get(isle.name, USUAL_MBIT), self._isles.index(isle)
        told = {
            "ARCHIPEL_NODE__NAME": isle.title,
            "ARCHIPEL_NODE__NUMBER": str(1 + place),
            "ARCHIPEL_NODE__TIME_ZONE": isle.zone,
            "ARCHIPEL_DICOM__WORKERS": "1",
            "ARCHIPEL_PEER__LISTEN": self._doors[isle.name],
            "ARCHIPEL_PEER__VIA": self.lines.ways(isle.name),
            "ARCHIPEL_PEER__LINE_OUT_MBIT": mbit,
            "ARCHIPEL_PEER__LINE_IN_MBIT": mbit,
        }
        running = RunningNode(
            home.root,
            f"127.0.0.1:{_port(FIRST_HTTP + place)}",
            f"127.0.0.1:{_port(FIRST_DICOM + place)}",
            told | self._settings,
        )
        afloat = Afloat(isle, home, running)
        with afloat.open() as node:
            now, office = node.clock(), node.office(BY)
            for number, name in enumerate(isle.organisations):
                if number:
                    wanted = enrol.organisation_from(isle.tenant(number).value, name)
                    enrol.add_organisation(wanted, office=office, now=now)
                for title in MODALITIES:
                    device = Device(
                        ae_title=AETitle(title),
                        tenant=isle.tenant(number),
                        host=None,
                        port=None,
                        may=frozenset({Service.STORE}),
                    )
                    enrol.register_device(device, office=node.office(BY), now=now)
                referrer = Correspondent(
                    tenant=isle.tenant(number), name=REFERRER, mail=MailAddress(REFERRER_MAIL)
                )
                SqlCorrespondents(node.database).keep(referrer)
            for seat in isle.people:
                password = afloat.passwords[seat.login] = secrets.token_urlsafe(9)
                enrol.add_person_with_password(
                    _person(seat, isle), password, office=node.office(BY), now=now
                )
        return afloat

    def _join(self) -> None:
        """Enter the archipelago of the first isle by one-time tokens, over the lines; agree."""
        keeper, *others = self.afloat.values()
        for one in others:
            with keeper.open() as node:
                invited = archipelago.invite(node, NodeName(one.isle.name), by=BY)
            url = f"https://{self.lines.address(one.isle.name, keeper.isle.name)}"
            with one.open() as node:
                archipelago.join(node, url, invited.token, by=BY)
        for one in self.afloat.values():
            self._await_peers(one)
        for one, other in permutations(self.afloat.values(), 2):
            self._share(one, other)

    def _await_peers(self, one: Afloat) -> None:
        with one.open() as node:
            until(
                lambda: len(node.peers.all()) == len(self.afloat) - 1,
                timeout_s=PEERS_S,
                every_s=0.2,
            )

    def _share(self, one: Afloat, other: Afloat) -> None:
        """Let `other` know and read what the organisations of `one` have, and read for them."""
        with one.open() as node:
            for number in range(len(one.isle.organisations)):
                tenant = one.isle.tenant(number)
                peer = NodeName(other.isle.name)
                archipelago.agree(node, peer, tenant, may=SHARED, purposes=CARE, by=BY)
                agreement = _reading(one.isle, tenant, other.isle)
                held = SqlReadingAgreements(node.database)
                held.keep(agreement, scope=node.office(BY).scope, now=node.clock())


def _reading(asking: Isle, tenant: TenantId, partner: Isle) -> Agreement:
    site = Site(tenant=partner.tenant(), node=partner.name, name=partner.organisations[0])
    return Agreement(
        key=f"{tenant}-{partner.name}",
        asking=tenant,
        partner=site,
        level=Level.MAINLAND if METROPOLE in {asking, partner} else Level.SISTER_REGION,
        phone="0596 00 00 00",
    )


def _person(seat: Seat, isle: Isle) -> Person:
    return Person(
        login=seat.login,
        name=seat.name,
        tenant=isle.tenant(seat.organisation),
        role=seat.role,
        rpps=seat.rpps,
    )


def _port(wanted: int) -> int:
    """Return a port that can be remembered, or another where it is taken."""
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", wanted))
        return wanted
    return free_port()
