"""A site, its messages, and a database to keep what they ask for."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from archipel.app.hl7.intake import Intake, Received
from archipel.kernel.identifiers import Issuer
from archipel.orders.model import Site
from archipel.standards.hl7v2.message import parse
from archipel.stores.sql.access import SqlOrganisations
from archipel.stores.sql.orders.sites import SqlSites
from archipel.testing.access_builders import EAST, NOW, WEST, organisation

ORM = r"""
MSH|^~\&|RIS|CHU|ARCHIPEL|MQ|{at}||ORM^O01|{control}|P|2.3.1||||||UNICODE UTF-8
PID|||{patient}^^^ISSUER-west^PI||TEST-DUPONT^JEANNE||19790328|F
PV1||O|RADIO|||||10000023084^TEST-AGNES^Isabelle
ORC|{orc}|PL1^RIS|FL1^RIS||{status}||^^^20260306083000^^S|||||10000023084^TEST-AGNES^Isabelle
OBR|1|PL1^RIS|FL1^RIS|CTTHO^Scanner thorax^L^CTTHO1^Thorax injecté^L{rest}
ZDS|1.2.250.1.999.1.1.42^Archipel^Application^DICOM
"""
REST = "|||||||||Toux|||||{accession}|RP1|SPS1||||CT|||||||^Embolie ?"  # OBR-5 and behind
DEFAULTS = {
    "at": "20260301120000",
    "control": "1",
    "patient": "IPP1",
    "orc": "NW",
    "status": "SC",
    "accession": "ACC1",
}


def site(name: str = "ris", tenant=WEST, **told) -> Site:
    return Site(
        name=name,
        tenant=tenant,
        patient_issuer=Issuer(f"ISSUER-{tenant}"),
        accession_issuer=Issuer(f"ISSUER-{tenant}"),
        **{"application": "RIS", "facility": "CHU", **told},
    )


def order(**told: str) -> bytes:
    """Write an order; lines end as they must."""
    values = {**DEFAULTS, **told}
    return lines(ORM.format(rest=REST.format(**values), **values))


def lines(text: str) -> bytes:
    return text.strip().replace("\n", "\r").encode() + b"\r"


class Door:
    """The intake with its clock, and what it answers in words."""

    def __init__(self, database) -> None:
        self.database = database
        self.now = NOW
        self.intake = Intake(database, lambda: self.now)

    def take(self, *bodies: bytes, host: str = "10.0.0.9") -> list[bytes]:
        self.now += timedelta(seconds=1)
        given = self.intake.take([Received(body, host) for body in bodies])
        return [one for each in given for one in each]

    def codes(self, *bodies: bytes, host: str = "10.0.0.9") -> list[str]:
        return [parse(one).require("MSA").text(1) for one in self.take(*bodies, host=host)]


@pytest.fixture
def door(sqlite_database) -> Door:
    organisations = SqlOrganisations(sqlite_database)
    for tenant in (WEST, EAST):
        organisations.add(organisation(tenant))
    SqlSites(sqlite_database).put(site())
    SqlSites(sqlite_database).put(site("ris-east", EAST, application="RISE", facility="CHE"))
    return Door(sqlite_database)


Write = Callable[..., bytes]
