"""The document that the front end's client is made from is the one this code gives."""

import json
from pathlib import Path

from archipel.protocols.web.openapi import document
from archipel.protocols.web.portal import router as portal
from archipel.protocols.web.router import described

WRITTEN = Path(__file__).parents[3] / "web" / "openapi.json"


def test_the_written_document_is_current() -> None:
    written = json.loads(WRITTEN.read_text())

    assert written == document(described(), portal.described()), (
        "run scripts/openapi and commit web/openapi.json"
    )


def test_every_operation_has_its_own_id() -> None:
    ids = [
        operation["operationId"]
        for path in document(described(), portal.described())["paths"].values()
        for operation in path.values()
    ]

    assert len(ids) == len(set(ids))
    assert all(name.isidentifier() for name in ids)
