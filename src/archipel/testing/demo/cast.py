"""Who plays: the islands, their organisations, their people. Every name is invented."""

from dataclasses import dataclass

from archipel.access.model import Role
from archipel.app.create import key_of
from archipel.kernel.identifiers import TenantId

MODALITIES = ("SIM_CT1", "SIM_MR1", "SIM_DX1")
REFERRER, REFERRER_MAIL = "TEST-POMME^Ada", "a.pomme@cabinet.test"  # as phantoms name her
FAST_BPS, SLOW_BPS = 20e6, 5e6
NEAR_S, FAR_S = 0.07, 0.11


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody with an account in one of the isle's organisations, the first being 0."""

    login: str
    name: str
    organisation: int
    role: Role
    rpps: str | None = None


@dataclass(frozen=True, slots=True)
class Isle:
    """One node."""

    name: str  # of the node, and the community it stands in
    title: str
    zone: str  # in which its modalities and screens tell the time
    organisations: tuple[str, ...]
    people: tuple[Seat, ...]

    def tenant(self, number: int = 0) -> TenantId:
        """Return one of its organisations."""
        return TenantId(key_of(self.organisations[number]))


def rpps(number: int) -> str:
    """Make a number in the form of the French register of health professionals (Luhn)."""
    stem = f"{9_000_000_000 + number}"
    total = 0
    for place, digit in enumerate(reversed(stem)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004  (Luhn: add the digits)
    return f"{stem}{-total % 10}"


MARTINIQUE = Isle(
    "martinique",
    "Martinique",
    "America/Martinique",
    ("CHU Fort-de-France (test)", "Clinique de la Caravelle (test)"),
    (
        Seat("j.letchimy", "Dr J. Letchimy-Test", 0, Role.RADIOLOGIST, rpps(1)),
        Seat("m.zobda", "Dr M. Zobda-Test", 0, Role.RADIOLOGIST, rpps(2)),
        Seat("c.caravelle", "Dr C. Caravelle-Test", 1, Role.RADIOLOGIST, rpps(3)),
        Seat("v.identite", "V. Identité-Test", 0, Role.IDENTITY_OFFICER),
        Seat("r.reseau", "R. Réseau-Test", 0, Role.NETWORK_ADMIN),
    ),
)
GUADELOUPE = Isle(
    "guadeloupe",
    "Guadeloupe",
    "America/Guadeloupe",
    ("CHU Pointe-à-Pitre (test)", "CH de la Basse-Terre (test)"),
    (
        Seat("m.bellegarde", "Dr M. Bellegarde-Test", 0, Role.RADIOLOGIST, rpps(4)),
        Seat("s.accueil", "S. Accueil-Test", 1, Role.SECRETARY),
        Seat("a.reseau", "A. Réseau-Test", 0, Role.NETWORK_ADMIN),
    ),
)
GUYANE = Isle(
    "guyane",
    "Guyane",
    "America/Cayenne",
    ("CH de Cayenne (test)", "CH de Kourou (test)"),
    (
        Seat("l.manip", "L. Manip-Test", 0, Role.TECHNOLOGIST),
        Seat("p.maroni", "Dr P. Maroni-Test", 1, Role.RADIOLOGIST, rpps(5)),
        Seat("g.reseau", "G. Réseau-Test", 0, Role.NETWORK_ADMIN),
    ),
)
METROPOLE = Isle(
    "metropole",
    "Métropole",
    "Europe/Paris",
    ("Lecteurs de Lyon (test)",),
    (
        Seat("a.lyon", "Dr A. Lyon-Test", 0, Role.RADIOLOGIST, rpps(6)),
        Seat("f.reseau", "F. Réseau-Test", 0, Role.NETWORK_ADMIN),
    ),
)
ISLES = (MARTINIQUE, GUADELOUPE, GUYANE, METROPOLE)
"""The first keeps the authority: the others join it."""


def line(one: str, other: str) -> tuple[float, float]:
    """Return what the line between two isles carries and how long an answer takes."""
    ends = {one, other}
    rate_bps = SLOW_BPS if GUYANE.name in ends else FAST_BPS
    return rate_bps, FAR_S if METROPOLE.name in ends else NEAR_S
