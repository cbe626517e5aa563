"""Two instances under one UID, side by side, from a real journal."""

from dataclasses import replace
from pathlib import Path

import pytest

from archipel.access import enrol
from archipel.access.model import Device, Service
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.operations.comparing import Comparing
from archipel.app.wiring import Node
from archipel.archive import quarantine
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Conflict, Malformed, NotFound
from archipel.protocols.dimse.outgoing import batches
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer
from archipel.testing.access_builders import scope_of
from archipel.testing.instances import instance
from archipel.testing.running_node import RunningNode

pytestmark = pytest.mark.slow
SOP_INSTANCE_UID, NAME = 0x00080018, 0x00100010


def test_what_came_twice_is_compared_given_out_and_given_up(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    made = create_node(home, name="TEST Ouest", community="test")
    tenant, scope = made.organisation.key, scope_of(made.organisation.key)
    with Node.open(home) as node:
        scanner = Device(
            ae_title=AETitle("TEST_CT"),
            tenant=tenant,
            host=None,
            port=None,
            may=frozenset({Service.STORE}),
        )
        enrol.register_device(scanner, office=node.office("init"), now=node.clock())
    first = instance()
    second = replace(
        instance(
            texts={SOP_INSTANCE_UID: first.sop_instance.value, NAME: "TEST-Autre^Zoé"},
            study=first.study,
            series=first.series,
        ),
        sop_instance=first.sop_instance,
    )
    with RunningNode(home.root) as running, Node.open(home) as node:
        peer = Peer(
            host=running.dicom_host,
            port=running.dicom_port,
            called=made.organisation.ae_titles[0],
            calling=AETitle("TEST_CT"),
        )
        for one in (first, second):
            ((proposals, sent),) = batches([one.outgoing()])
            with sender(peer, proposals) as scu:
                assert [scu.store(each) for each in sent] == [0]
        (aside,) = node.quarantine.entries(scope=scope)
        comparing = Comparing(
            quarantine=node.quarantine,
            holdings=node.holdings,
            contents=node.contents,
            pictures=node.pictures,
        )

        told = comparing.compare(aside.place, scope=scope)

        assert (told.held, told.compared, told.pixels) == (True, True, False)
        assert [(d.keyword, d.held, d.offered) for d in told.attributes] == [
            ("PatientName", "TEST-Lefèvre^Zoé", "TEST-Autre^Zoé")
        ]
        assert b"DICM" in b"".join(comparing.file(aside.place, scope=scope))
        with pytest.raises(NotFound):
            comparing.compare(aside.place, scope=scope_of())
        desk = {
            "scope": scope,
            "desk": node.quarantine,
            "audit": node.audit,
            "now": node.clock(),
        }
        assert quarantine.keep_first(aside.place, by="tess", **desk).resolved_at
        assert quarantine.reopen(aside.place, **desk).resolved_at is None
        with pytest.raises(Malformed):
            quarantine.discard(aside.place, why=" ", by="tess", **desk)
        assert quarantine.discard(aside.place, why="rewritten", by="tess", **desk).discarded
        with pytest.raises(Conflict):
            quarantine.reopen(aside.place, **desk)
        with pytest.raises(NotFound):
            comparing.compare(aside.place, scope=scope)
        assert list(node.holdings.set_aside()) == []
