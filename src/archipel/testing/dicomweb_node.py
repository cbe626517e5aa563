"""A node with the DICOMweb door alone: real journal, index, packs and accounts behind granian.

``python -m archipel.testing.dicomweb_node HOME`` prints one line of JSON when it is ready: its
address and a token for somebody of each of two organisations. `POST /seal` seals every series.
For tests and measurements of this door; a whole node is `archipel serve`.
"""

import asyncio
import json
import socket
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from archipel.access.authenticate import Desk, visitor_of
from archipel.access.enrol import create_token, operators_office
from archipel.access.model import Visitor
from archipel.app.index_writer import Gauges, IndexWriter, alone
from archipel.app.workshop import ProcessWorkshop
from archipel.archive.commit import decide
from archipel.archive.seal import seal
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.clock import utc_now
from archipel.kernel.identifiers import Issuer, TenantId
from archipel.protocols.dicomweb import DicomwebServices, router
from archipel.stores.contents import HeldContents
from archipel.stores.journal.journal import FileJournal
from archipel.stores.journal.tail import JournalTail
from archipel.stores.packs.store import PackStore
from archipel.stores.sql.access import SqlOrganisations
from archipel.stores.sql.accounts import SqlAccounts
from archipel.stores.sql.archive.commitments import SqlCommitments
from archipel.stores.sql.archive.query import SqlCatalogue
from archipel.stores.sql.archive.seal import SqlHoldings, SqlSealIndex
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.audit import SqlAudit
from archipel.stores.sql.credentials import SqlAttempts, SqlCredentials
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.orders.steps import SqlWorkitems
from archipel.stores.sql.session import Database, Durability, open_database
from archipel.testing.access_builders import EAST, WEST, organisation, person

MOST_SERIES = 10_000


class Node:
    """Everything behind the door, wired as the product wires it."""

    def __init__(self, home: Path) -> None:
        self._home, self._url = home, f"sqlite:///{home / 'index.db'}"
        database = open_database(self._url)
        migrate(database)
        self._database: Database = database
        self._desk = Desk(
            accounts=SqlAccounts(database),
            credentials=SqlCredentials(database),
            attempts=SqlAttempts(database),
            organisations=SqlOrganisations(database),
            audit=SqlAudit(database),
        )
        self._packs = PackStore(home)
        self._workshop = ProcessWorkshop(home / "run")
        self._writer = self._index_writer()
        self._commitments = SqlCommitments(database)

    def enrol(self) -> dict[str, str]:
        """Make two organisations with somebody in each; returns a token by organisation."""
        tokens = {}
        for tenant in (WEST, EAST):
            login = f"test-{tenant}"
            if self._desk.organisations.organisation(tenant=tenant) is None:
                self._desk.organisations.add(organisation(tenant))
                self._desk.accounts.add_account(person(login, tenant=tenant), password_hash=None)
            office = operators_office(
                organisations=self._desk.organisations,
                accounts=self._desk.accounts,
                credentials=self._desk.credentials,
                audit=self._desk.audit,
                name="test",
            )
            tokens[tenant.value], _ = create_token(login, "test", office=office, now=utc_now())
        return tokens

    def services(self) -> DicomwebServices:
        """Hand out what the door needs."""
        return DicomwebServices(
            visitor=self._visitor,
            issuer_of=self._issuer_of,
            catalogue=SqlCatalogue(self._database),
            contents=HeldContents(self._home, packs=self._packs, workshop=self._workshop),
            journal=FileJournal(self._home),
            audit=self._desk.audit,
            workshop=self._workshop,
            workitems=SqlWorkitems(self._database),
            commitments=self._commitments,
            clock=utc_now,
        )

    def follow(self) -> None:
        """Run the index writer beside the door; returns when it has replayed."""
        ready = threading.Event()

        def run() -> None:
            with alone(self._home / "run"):
                self._writer.run(ready=ready.set)

        threading.Thread(target=run, daemon=True).start()
        if not ready.wait(60):
            raise TimeoutError("the index writer is not ready")

    def keep_committing(self) -> None:
        """Decide on what clients ask to be committed, as durable work does in a node."""
        holdings = SqlHoldings(self._database)
        contents = HeldContents(self._home, packs=self._packs, workshop=self._workshop)
        scope = Scope(Actor(ActorKind.PERSON, "test"), frozenset({WEST, EAST}))

        def run() -> None:
            while True:
                for one in self._commitments.latest(scope=scope):
                    if one.decided_at is None:
                        failed = decide(
                            one.references,
                            tenant=one.key.tenant,
                            holdings=holdings,
                            contents=contents,
                            commitments=self._commitments,
                        )
                        self._commitments.decide(one.key, failed, now=utc_now())
                time.sleep(0.2)

        threading.Thread(target=run, daemon=True).start()

    def seal_all(self) -> int:
        """Seal every series that has something in the journal; returns how many."""
        index = SqlSealIndex(self._database)
        quiet = index.quiet_series(before=utc_now() + timedelta(days=1), limit=MOST_SERIES)
        for key in quiet:
            seal(key, index=index, packs=self._packs, now=utc_now())
        return len(quiet)

    def _visitor(self, request: Request) -> Visitor:
        kind, _, bearer = request.headers.get("authorization", "").partition(" ")
        given = bearer if kind.lower() == "bearer" else None
        return visitor_of(bearer=given, desk=self._desk, now=utc_now())

    def _issuer_of(self, tenant: TenantId) -> Issuer:
        found = self._desk.organisations.organisation(tenant=tenant)
        return found.issuer if found else Issuer(tenant.value)

    def _index_writer(self) -> IndexWriter:
        index = SqlIndex(open_database(self._url, durability=Durability.REPLAYED))
        return IndexWriter(
            tail=JournalTail(self._home, index.applied()),
            index=index,
            clock=utc_now,
            gauges=Gauges(self._home / "run" / "index.json"),
            study_quiet=timedelta(seconds=60),
        )


async def _serve(home: Path) -> None:
    node = Node(home)
    node.follow()
    node.keep_committing()

    async def seal_all(_request: Request) -> Response:
        return JSONResponse({"sealed": await run_in_threadpool(node.seal_all)})

    app = Starlette(
        routes=[
            Route("/seal", seal_all, methods=["POST"]),
            Mount("/dicomweb", router(node.services())),
        ]
    )
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    server = Server(app, port=port, interface=Interfaces.ASGI, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    ready = {"http": f"http://127.0.0.1:{port}", "tokens": node.enrol()}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    await serving


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
