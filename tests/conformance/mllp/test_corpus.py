"""Every message of the corpus is taken or refused with a reason; none breaks the door."""

import os
from pathlib import Path

import pytest
from tests.conformance.mllp.conftest import order

from archipel.kernel.identifiers import Issuer
from archipel.orders.model import Site
from archipel.protocols.mllp.framing import framed
from archipel.standards.hl7v2.message import parse, write
from archipel.stores.sql.orders.messages import SqlMessages
from archipel.stores.sql.orders.sites import SqlSites
from archipel.testing.access_builders import WEST, scope_of

_REPOSITORY = Path(__file__).parents[3]
CORPUS = Path(os.environ.get("ARCHIPEL_CORPUS", _REPOSITORY.parent / "shared" / "data")) / "hl7v2"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}: set ARCHIPEL_CORPUS"),
]
FAMILIES = {  # what is expected of a file by the beginning of its name; the rest is told below
    "ORM^": "AA",
    "OMG^": "AA",
    "OMI^": "AE",  # its station titles are longer than 16 signs
    "ORU^R01-CDA": "AR",
    "ORU^R01-SR": "AR",
    "ORU^R01-PDF": "AE",  # its lines are broken
    "ADT^A40": "AE",  # merges identifiers of an issuer that is not the site's
    "ADT^A47": "AE",
    "SIU^": "AE",  # has no SCH
    "PDQ": "AR",
    "ok-": "AR",
    "nf-": "AR",
    "err-": "AR",
}


def test_every_message_is_answered(start, connect, sqlite_database) -> None:
    own = Issuer("ISSUER-west")
    SqlSites(sqlite_database).put(
        Site(
            name="corpus",
            tenant=WEST,
            host="127.0.0.1",
            patient_issuer=own,
            accession_issuer=own,
            processing="P T D",
        )
    )
    peer = connect(start())
    files = sorted(one for one in CORPUS.rglob("*") if one.is_file())
    told = {}
    for file in files:
        peer.send(framed(file.read_bytes()))
        answer = parse(peer.block())
        code = answer.require("MSA").text(1)
        told[file.name] = code
        if code != "AA":
            error = answer.first("ERR")
            assert error is not None, file
            assert error.text(3) or error.text(1, 4), file
        assert parse(write(answer)) == answer
    peer.send(framed(order("last")))

    assert parse(peer.block()).require("MSA").text(1) == "AA"
    assert len(files) >= 40
    for beginning, code in FAMILIES.items():
        named = {name: got for name, got in told.items() if name.startswith(beginning)}
        assert named, beginning
        assert set(named.values()) == {code}, named
    kept = SqlMessages(sqlite_database).listed(scope=scope_of(WEST), limit=1000)
    assert "dead" not in {one.state.value for one in kept}
